"""Publish what the gate held back, because a person says that it is right."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_markdown_artifact

from datazones.publishing import Approval, Snapshot, held
from datazones.publishing import approve as publish_held
from datazones.reporting.words import in_markdown
from tasks import announce
from tasks.display import display
from tasks.equip import equipped
from tasks.retrying import if_transient
from tasks.seal import refuse_early


@task(task_run_name="approve {zone_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def approve(zone_id: str, because: str, by: str, candidate: str | None) -> Snapshot:
    """The snapshot that the held candidate became; who approved it and why is in its manifest and in this run."""
    with equipped() as equipment, equipment.spending("approve"):
        zone = equipment.catalogue.zone(zone_id)
        signer, trusted = equipment.signer(zone), equipment.trusted(zone)
        kept = held(equipment.store, zone.prefix, candidate, trusted)
        refuse_early(equipment, zone_id, kept.manifest.feeds)
        approval = Approval(because=because, by=by)
        snapshot = publish_held(
            equipment.store, zone.prefix, kept, approval, equipment.settings.clock(), signer=signer, trusted=trusted
        )
    announce.published(snapshot, kept.changes)
    text = f"**{in_markdown(zone_id)}**, generation {snapshot.generation}, approved by {in_markdown(by)}: "
    display(create_markdown_artifact, text + in_markdown(because), f"approval-{zone_id}", f"Approved by {by}")
    return snapshot
