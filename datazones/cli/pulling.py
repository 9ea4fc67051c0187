"""The pulled snapshot of a zone, as commands that read it want it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datazones.errors import CatalogueInvalid
from tasks.equip import Equipment

if TYPE_CHECKING:
    from datazones.catalogue import Zone
    from datazones.publishing import Manifest


def fetched(equipment: Equipment, zone: Zone, manifest: Manifest) -> Path:
    """The DuckDB file of one published generation on this machine, fetched and verified unless it is there."""
    from datazones.copies import use
    from datazones.publishing import fetch_warehouse

    path = equipment.generations / f"{zone.zone_id}-{manifest.reference().sha256[:16]}.duckdb"
    fetch_warehouse(equipment.store, zone.prefix, manifest, path)
    use(path)
    return path


def pulled(equipment: Equipment, zone_id: str, *, to: Path | None = None, offline: bool = False) -> Path:
    """The zone's published file on this machine (unset: in home), after a look at the store unless `offline`."""
    zone = equipment.catalogue.zone(zone_id)
    path = to or equipment.published(zone)
    if not offline:
        from datazones.publishing import pull

        pull(equipment.store, zone.prefix, path, trusted=equipment.trusted(zone))
    if not path.exists():
        raise CatalogueInvalid(
            f"the zone {zone_id}",
            found="no published snapshot",
            expected="one that a run has published",
            next_step=f"`datazones run --zone {zone_id}` publishes one",
        )
    return path
