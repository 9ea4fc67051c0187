"""Keep a candidate that the gate held back, so that a person can look at it and approve it from any machine."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task

from datazones.catalogue import Zone
from datazones.errors import ExpectationsFailed
from datazones.model import Beside, Candidate, Verdict
from datazones.publishing import hold as keep
from datazones.publishing import waiting
from tasks import announce
from tasks.equip import Equipment, equipped
from tasks.retrying import if_transient
from tasks.summarise import summarise


@task(task_run_name="hold {candidate.zone_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def hold(candidate: Candidate, verdict: Verdict, beside: Sequence[Beside]) -> str:
    """Put it into the store with its report; the snapshot_id that it would have."""
    with equipped() as equipment, equipment.spending("hold"):
        zone = equipment.catalogue.zone(candidate.zone_id)
        kept = keep(
            equipment.store,
            zone.prefix,
            candidate,
            verdict,
            equipment.settings.clock(),
            signer=equipment.signer(zone),
            trusted=equipment.trusted(zone),
            beside=beside,
        )
        summarise(equipment, zone, candidate, kept.manifest, kept.key, "held back")
    announce.held(candidate, verdict)
    return kept.manifest.snapshot_id


def last_held(equipment: Equipment, zone: Zone) -> str:
    """The snapshot_id of the candidate that was held last and still waits; '' when there is none."""
    kept = waiting(equipment.store, zone.prefix, equipment.trusted(zone))
    return kept[0].manifest.snapshot_id if kept else ""


def held_back(candidate: Candidate, verdict: Verdict, beside: Sequence[Beside]) -> ExpectationsFailed:
    """What a run ends with whose candidate is held."""
    broken = [finding for finding in verdict.findings if finding.severity == "critical"]
    return ExpectationsFailed(
        f"the candidate of {candidate.zone_id}",
        found="; ".join(f"{finding.rule}: {finding.found}" for finding in broken),
        expected="; ".join(finding.expected for finding in broken),
        next_step=f"read {beside[0].path}; what is published has not changed. If the figures are right "
        f'all the same: `datazones approve {candidate.zone_id} --because "..."`',
    )
