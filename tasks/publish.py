"""Publish an examined candidate as an immutable snapshot and move the zone's pointer to it."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task

from datazones.model import Beside, Candidate, Parent, Verdict
from datazones.publishing import Snapshot, fetch_manifest, pull, refresh_alias
from datazones.publishing import publish as publish_candidate
from datazones.warehouse import WorkingCopy
from tasks import announce
from tasks.equip import equipped
from tasks.retrying import if_transient
from tasks.seal import refuse_early
from tasks.summarise import summarise


@task(task_run_name="publish {candidate.zone_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def publish(candidate: Candidate, verdict: Verdict, beside: Sequence[Beside]) -> Snapshot:
    """The snapshot, read back and pulled beside the readers; SnapshotConflict when another worker was first."""
    with equipped() as equipment, equipment.spending("publish"):
        zone = equipment.catalogue.zone(candidate.zone_id)
        refuse_early(equipment, zone.zone_id, candidate.feeds)
        trusted, signer = equipment.trusted(zone), equipment.signer(zone)
        snapshot = publish_candidate(
            equipment.store,
            zone.prefix,
            candidate,
            verdict,
            equipment.settings.clock(),
            signer=signer,
            trusted=trusted,
            beside=beside,
        )
        refresh_alias(equipment.store, zone.prefix, trusted | {signer.public_key})
        pulled = pull(equipment.store, zone.prefix, equipment.published(zone), trusted=trusted, at_hand=candidate.file)
        if zone.collects:
            with WorkingCopy.held(equipment.working(zone), equipment.limits) as copy:
                copy.adopt(Parent(snapshot.generation, snapshot.snapshot_id, candidate.load_id))
        if pulled and pulled.generation == snapshot.generation:
            manifest = fetch_manifest(equipment.store, zone.prefix, pulled.snapshot)
            summarise(equipment, zone, candidate, manifest, pulled.snapshot.key, "published")
    announce.published(snapshot, candidate.changes)
    return snapshot
