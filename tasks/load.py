"""Put one reading into the zone's working copy: vintage, revisions, log and watermark in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prefect import task
from prefect.logging import get_run_logger

from datazones.model import Landed, Revisions, Staged
from datazones.warehouse import WorkingCopy
from tasks.equip import equipped
from tasks.retrying import if_transient


@task(task_run_name="load {staged.feed_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def load(zone_id: str, staged: Staged, answers: Sequence[Landed], slot: datetime) -> Revisions:
    """What the reading added, revised and withdrew."""
    with equipped() as equipment, equipment.spending("load"):
        zone = equipment.catalogue.collecting(zone_id)
        with WorkingCopy.held(equipment.working(zone), equipment.limits, reach=[equipment.staged]) as copy:
            revisions = copy.load(staged, answers, slot=slot, now=equipment.settings.clock())
    get_run_logger().info("%s: %s", staged.feed_id, revisions)
    return revisions
