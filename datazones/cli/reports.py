"""The report of a snapshot or of a held candidate, fetched from the store and checked."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from datazones.errors import CatalogueInvalid, SnapshotTampered
from datazones.publishing import File, current, fetch_signed, held
from tasks.equip import Equipment


def report_of(equipment: Equipment, zone_id: str, name: str, *, is_held: bool, candidate: str | None) -> bytes:
    """The file of this name; CatalogueInvalid where there is none, SnapshotTampered where it is not as promised."""
    zone = equipment.catalogue.zone(zone_id)
    prefix, trusted = zone.prefix, equipment.trusted(zone)
    if is_held:
        files: Sequence[File] = held(equipment.store, prefix, candidate, trusted).manifest.files
    else:
        pointer = current(equipment.store, prefix, trusted)
        files = fetch_signed(equipment.store, prefix, pointer.snapshot, trusted)[0].files if pointer else ()
    for file in files:
        if file.name == name:
            return _fetched(equipment, f"{prefix}/{file.key}", file)
    raise CatalogueInvalid(
        f"the zone {zone_id}",
        found="a snapshot without a report" if files else "no published snapshot",
        expected="one that a run has published",
        next_step=f"`datazones run --zone {zone_id}` examines it; `--held` is for a candidate that was held back",
    )


def _fetched(equipment: Equipment, key: str, file: File) -> bytes:
    content, _ = equipment.store.get(key) or (b"", "")
    if sha256(content).hexdigest() != file.sha256:
        raise SnapshotTampered(
            key,
            found=f"{len(content)} other bytes",
            expected=file.sha256,
            next_step="find out who wrote to this prefix",
        )
    return content
