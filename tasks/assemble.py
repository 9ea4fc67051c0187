"""Build the candidate: the working copy as a compact file that may be published, if it has anything new."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path

from prefect import task

from datazones.catalogue import Zone
from datazones.model import Base, Candidate, Parent
from datazones.publishing import base_of, fetch_manifest, last_pulled
from datazones.warehouse import STORAGE_VERSION, WorkingCopy, export
from tasks.equip import Equipment, equipped


@task(task_run_name="assemble {zone_id}")
def assemble(zone_id: str, *, anyway: bool = False, beside: Path | None = None) -> Candidate | None:
    """None when no load has changed anything since what is published, unless it is wanted `anyway`.

    `beside` is a copy that is rehearsed on, instead of the zone's own.
    """
    with equipped() as equipment, equipment.spending("assemble"):
        zone = equipment.catalogue.collecting(zone_id)
        working = beside or equipment.working(zone)
        path = beside.with_suffix(".candidate") if beside else equipment.candidate(zone)
        parts = beside.with_suffix(".parts") if beside else equipment.parts(zone)
        with WorkingCopy.held(working, equipment.limits) as copy:
            pending, load_id, parent = copy.pending(), copy.last_load(), copy.parent()
        if not pending and not anyway:
            return None
        exported = export(working, path, equipment.limits, parts=parts, base=_base(equipment, zone, parent))
        return Candidate(
            zone_id=zone_id,
            path=str(path),
            digest=_digest(path),
            storage_version=STORAGE_VERSION,
            tables=exported.tables,
            feeds=exported.feeds,
            changes=pending,
            load_id=load_id,
            parent=parent,
            parts=exported.parts,
            recipe=exported.recipe,
            loose=exported.loose,
        )


def _base(equipment: Equipment, zone: Zone, parent: Parent | None) -> Base | None:
    """The parent, if it is what this machine has pulled."""
    published = equipment.published(zone)
    pulled = last_pulled(published)
    if parent is None or pulled is None or pulled.snapshot_id != parent.snapshot_id:
        return None
    manifest = fetch_manifest(equipment.store, zone.prefix, pulled.snapshot)
    return base_of(equipment.store, zone.prefix, manifest, published)


def _digest(path: Path) -> str:
    with path.open("rb") as built:
        return file_digest(built, "sha256").hexdigest()
