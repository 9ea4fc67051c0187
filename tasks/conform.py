"""Read landed answers into observations, in a process of their own."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.logging import get_run_logger

from datazones.catalogue import Feed, Zone
from datazones.model import Landed, Staged, Window
from datazones.periods import period
from datazones.staging import Job
from tasks.equip import Equipment, equipped


@task(task_run_name="conform {feed_id}")
def conform(zone_id: str, feed_id: str, window: Window, answers: Sequence[Landed]) -> Staged:
    """The observations of these answers as staged Parquet, exactly in the schemas of `datazones.columns`."""
    with equipped() as equipment, equipment.spending("conform"):
        zone, feed = equipment.catalogue.zone(zone_id), equipment.catalogue.feed(feed_id)
        staging = equipment.reader.read(_job(equipment, zone, feed, answers))
    get_run_logger().info("%s: read %d observations in %d answers", feed_id, staging.rows, len(answers))
    return Staged(
        feed_id=feed_id,
        observations=staging.observations,
        series=staging.series,
        rows=staging.rows,
        tolerance=feed.tolerance,
        absent_is_withdrawn=feed.absent == "withdrawn",
        window_start=period(window.first_period).start if window.first_period else None,
        window_end=period(window.last_period).end if window.last_period else None,
    )


def _job(equipment: Equipment, zone: Zone, feed: Feed, answers: Sequence[Landed]) -> Job:
    landing = equipment.landing(zone)
    return Job(
        subject=f"{zone.zone_id}, {feed.feed_id}",
        dialect=feed.dialect,
        bodies=tuple(str(landing.path(answer)) for answer in answers if answer.part == "data" and answer.size),
        into=str(equipment.settings.home / "staged" / zone.zone_id / feed.feed_id),
        agency_id=equipment.catalogue.agency_of(feed).agency_id,
        dataflow_id=feed.dataflow_id,
        labels=dict(feed.labels),
        aside={answer.part: str(landing.path(answer)) for answer in answers if answer.part != "data"},
    )
