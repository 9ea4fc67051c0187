"""Build the candidate: the working copy as a compact file that may be published, if it has anything new."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path

from prefect import task

from datazones.model import Candidate
from datazones.warehouse import STORAGE_VERSION, WorkingCopy, export, held_feeds, write_parts
from tasks.equip import equipped


@task(task_run_name="assemble {zone_id}")
def assemble(zone_id: str, *, anyway: bool = False) -> Candidate | None:
    """None when no load has changed anything since what is published, unless it is wanted `anyway`."""
    with equipped() as equipment, equipment.spending("assemble"):
        zone = equipment.catalogue.zone(zone_id)
        with WorkingCopy.held(equipment.working(zone), equipment.limits) as copy:
            pending, load_id, parent = copy.pending(), copy.last_load(), copy.parent()
        if not pending and not anyway:
            return None
        path = equipment.candidate(zone)
        tables = export(equipment.working(zone), path, equipment.limits)
        return Candidate(
            zone_id=zone_id,
            path=str(path),
            digest=_digest(path),
            storage_version=STORAGE_VERSION,
            tables=tables,
            feeds=held_feeds(path, equipment.limits),
            changes=pending,
            load_id=load_id,
            parent=parent,
            parts=write_parts(path, equipment.parts(zone), equipment.limits),
        )


def _digest(path: Path) -> str:
    with path.open("rb") as built:
        return file_digest(built, "sha256").hexdigest()
