"""Make the zone's working copy stand on what is published, wherever it was left."""

from __future__ import annotations

from prefect import task

from tasks.equip import equipped
from tasks.retrying import if_transient
from tasks.standing import Held, stand_on_published


@task(task_run_name="hydrate {zone_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def hydrate(zone_id: str) -> Held:
    """What the zone holds, in a working copy that stands on it."""
    with equipped() as equipment, equipment.spending("hydrate"):
        return stand_on_published(equipment, equipment.catalogue.zone(zone_id))
