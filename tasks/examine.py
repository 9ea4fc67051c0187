"""Let the gate decide, in a process of its own."""

from __future__ import annotations

from prefect import task

from datazones.errors import ExpectationsFailed
from datazones.model import Candidate, Verdict
from tasks import announce
from tasks.equip import equipped


@task(task_run_name="examine {candidate.zone_id}")
def examine(candidate: Candidate) -> Verdict:
    """The verdict; ExpectationsFailed when a critical expectation does not hold, and then nothing is published."""
    with equipped() as equipment:
        zone = equipment.catalogue.zone(candidate.zone_id)
        equipment.examiner.ready()
        with equipment.spending("examine"):
            verdict = equipment.examiner.examine(
                candidate.file,
                published=equipment.published(zone) if candidate.parent else None,
                today=equipment.settings.clock().date(),
                zone_id=zone.zone_id,
            )
    if not verdict.passed:
        announce.held(candidate, verdict)
        raise _held_back(candidate, verdict)
    return verdict


def _held_back(candidate: Candidate, verdict: Verdict) -> ExpectationsFailed:
    broken = [finding for finding in verdict.findings if finding.severity == "critical"]
    return ExpectationsFailed(
        f"the candidate of {candidate.zone_id}",
        found="; ".join(f"{finding.rule}: {finding.found}" for finding in broken),
        expected="; ".join(finding.expected for finding in broken),
        next_step=f"look at {candidate.path}; what is published has not changed",
    )
