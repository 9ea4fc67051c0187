"""Landed answers become staged observations as the feed declares it, today or when they were loaded first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datazones.catalogue import Feed, Zone
from datazones.model import Landed, Staged, Window
from datazones.periods import period
from datazones.staging import Job
from tasks.equip import Equipment

NOT_OF_THE_READING = {"feed_id", "title", "agency", "topics", "docs", "request", "aside", "periods"}
"""What a feed says of whom to ask and what; all else of it bears on how an answer is read and compared."""


def read(equipment: Equipment, zone: Zone, feed: Feed, window: Window, answers: Sequence[Landed], into: Path) -> Staged:
    """The observations of these answers as Parquet in the folder `into`, exactly in the schemas of
    `datazones.columns`."""
    staging = equipment.reader.read(_job(equipment, zone, feed, answers, into))
    return Staged(
        feed_id=feed.feed_id,
        observations=staging.observations,
        series=staging.series,
        rows=staging.rows,
        tolerance=feed.tolerance,
        absent_is_withdrawn=feed.absent == "withdrawn",
        window_start=period(window.first_period).start if window.first_period else None,
        window_end=period(window.last_period).end if window.last_period else None,
        declared={
            "feed": feed.model_dump(mode="json", exclude=NOT_OF_THE_READING),
            "window": [window.first_period, window.last_period],
        },
    )


def as_declared(feed: Feed, declared: Mapping[str, Any]) -> Feed:
    """The feed as it was when a load `declared` this of it; as it is today where nothing was written down."""
    return Feed.model_validate({**feed.model_dump(), **declared.get("feed", {})})


def window_of(declared: Mapping[str, Any]) -> Window:
    """The window that a load asked for."""
    return Window(*declared.get("window", ()))


def _job(equipment: Equipment, zone: Zone, feed: Feed, answers: Sequence[Landed], into: Path) -> Job:
    landing = equipment.landing(zone)
    return Job(
        subject=f"{zone.zone_id}, {feed.feed_id}",
        dialect=feed.dialect,
        bodies=tuple(str(landing.path(answer)) for answer in answers if answer.part == "data" and answer.size),
        into=str(into / zone.zone_id / feed.feed_id),
        agency_id=equipment.catalogue.agency_of(feed).agency_id,
        dataflow_id=feed.dataflow_id,
        labels=dict(feed.labels),
        aside={answer.part: str(landing.path(answer)) for answer in answers if answer.part != "data"},
    )
