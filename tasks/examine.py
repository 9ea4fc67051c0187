"""Let the gate decide, in a process of its own."""

from __future__ import annotations

from prefect import task

from datazones.model import Candidate, Verdict
from datazones.warehouse import standing
from tasks.equip import equipped
from tasks.excusing import excused


@task(task_run_name="examine {candidate.zone_id}")
def examine(candidate: Candidate) -> Verdict:
    """The verdict, whatever it is, but for what a person has released; ValidatorBroken when there is none."""
    with equipped() as equipment:
        zone = equipment.catalogue.zone(candidate.zone_id)
        equipment.examiner.ready()
        with equipment.spending("examine"):
            verdict = equipment.examiner.examine(
                candidate.file,
                published=equipment.published(zone) if candidate.parent else None,
                today=equipment.settings.clock().date(),
                zone_id=zone.zone_id,
                feeds=equipment.catalogue.feeds_of(zone),
                neighbours=equipment.neighbours(zone),
            )
        return excused(verdict, standing(candidate.file, equipment.limits))
