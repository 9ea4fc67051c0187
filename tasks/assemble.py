"""Build the candidate: the working copy as a compact file that may be published, if it has anything new."""

from __future__ import annotations

from pathlib import Path

from prefect import task

from datazones.model import Candidate
from datazones.publishing import base_at_hand
from datazones.warehouse import WorkingCopy, export
from tasks.equip import equipped


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
        base = base_at_hand(equipment.store, zone.prefix, equipment.published(zone), parent)
        exported = export(working, path, equipment.limits, parts=parts, base=base)
        return exported.candidate(zone_id, pending, parent, load_id=load_id)
