"""Landed answers become staged observations as the feed declares it, today or when they were loaded first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datazones import dialects
from datazones.catalogue import Feed, Zone
from datazones.model import Break, Landed, Staged, Window
from datazones.periods import period
from datazones.staging import Job, Staging
from tasks.equip import Equipment

NOT_OF_THE_READING = {
    *("feed_id", "title", "agency", "topics", "docs", "licence", "attribution", "terms"),
    *("request", "aside", "periods", "release", "catch_up"),
}
"""What a feed says of whom to ask, what and when; all else of it bears on how an answer is read and compared."""


def read(equipment: Equipment, zone: Zone, feed: Feed, window: Window, answers: Sequence[Landed], into: Path) -> Staged:
    """The observations of these answers as Parquet in the folder `into`, exactly in the schemas of
    `datazones.columns`."""
    landing = equipment.landing(zone)
    placed = [(answer.part, landing.path(answer)) for answer in answers]
    subject, folder = f"{zone.zone_id}, {feed.feed_id}", into / zone.zone_id / feed.feed_id
    wanted = job(equipment, feed, subject, placed, folder)
    staging = _on_cluster(equipment, wanted) or equipment.reader.read(wanted)
    return Staged(
        feed_id=feed.feed_id,
        observations=staging.observations,
        series=staging.series,
        rows=staging.rows,
        tolerance=feed.tolerance,
        absent_is_withdrawn=feed.absent == "withdrawn",
        window_start=period(window.first_period).start if window.first_period else None,
        window_end=period(window.last_period).end if window.last_period else None,
        breaks=tuple(
            Break(each.series, each.since, each.unit_measure, each.unit_mult, each.base_per) for each in feed.breaks
        ),
        renames=feed.keys_now,
        declared={
            "feed": feed.model_dump(mode="json", exclude=NOT_OF_THE_READING),
            "window": [window.first_period, window.last_period],
            **({"corrected": staging.corrected} if staging.corrected else {}),
        },
    )


def _on_cluster(equipment: Equipment, wanted: Job) -> Staging | None:
    """What a cluster reads, where one is set; None where it is left to one process."""
    if equipment.settings.dask is None:
        return None
    from tasks.spread import spread  # and Prefect with it, which commands find their server without

    return spread(equipment.settings.dask, wanted)


def as_declared(feed: Feed, declared: Mapping[str, Any]) -> Feed:
    """The feed as it was when a load `declared` this of it; as it is today where nothing was written down."""
    then = {name: said for name, said in declared.get("feed", {}).items() if name in Feed.model_fields}
    return Feed.model_validate({**feed.model_dump(), **then})


def as_declared_today(feed: Feed, declared: Mapping[str, Any], body: bytes) -> Feed:
    """The feed as it is today; in the wire format of then where it is another today that does not know these bytes."""
    then = declared.get("feed", {}).get("dialect", feed.dialect)
    if then == feed.dialect or dialects.named(feed.dialect).recognises(body[: dialects.HEAD]):
        return feed
    return feed.model_copy(update={"dialect": then})


def window_of(declared: Mapping[str, Any]) -> Window:
    """The window that a load asked for."""
    return Window(*declared.get("window", ()))


def job(equipment: Equipment, feed: Feed, subject: str, answers: Sequence[tuple[str, Path]], into: Path) -> Job:
    """The reading of these answers, each the part it is and its file, into Parquet in the folder `into`."""
    return Job(
        subject=subject,
        dialect=feed.dialect,
        bodies=tuple(str(path) for part, path in answers if part == "data" and path.stat().st_size),
        into=str(into),
        agency_id=equipment.catalogue.agency_of(feed).agency_id,
        dataflow_id=feed.dataflow_id,
        labels=dict(feed.labels),
        aside={part: str(path) for part, path in answers if part != "data"},
        quirks=feed.quirks,
        corrections=tuple(correction.model_dump(mode="json") for correction in feed.corrections),
    )
