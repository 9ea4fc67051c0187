"""Read landed answers into observations, in a process of their own."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.logging import get_run_logger

from datazones.model import Landed, Staged, Window
from tasks.equip import equipped
from tasks.reading import read


@task(task_run_name="conform {feed_id}")
def conform(zone_id: str, feed_id: str, window: Window, answers: Sequence[Landed]) -> Staged:
    """The observations of these answers as staged Parquet, as the feed declares them today."""
    with equipped() as equipment, equipment.spending("conform"):
        zone, feed = equipment.catalogue.collecting(zone_id), equipment.catalogue.feed(feed_id)
        staged = read(equipment, zone, feed, window, answers, into=equipment.staged)
    get_run_logger().info("%s: read %d observations in %d answers", feed_id, staged.rows, len(answers))
    return staged
