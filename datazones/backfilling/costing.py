"""Pure: what a backfill costs in calls, bytes and time, and why it takes that long, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import polars as pl

from datazones.catalogue import Agency, Feed
from datazones.catalogue.asking import placeholders
from datazones.catalogue.entries import Asked

_OF_THE_ZONE = {"zone_id", "gb2260", "ref_area"}
_OF_THE_WINDOW = {"first", "last", "first_day", "last_day", "first_digits", "last_digits"}

A_SLICE_S = 0.05
"""Reading and keeping one slice, roughly; measured as docs/backfills.md says."""
A_PUBLISH_S = 2.0
"""Loading, examining and publishing one chunk, roughly."""


class Questions(NamedTuple):
    """What a feed asks for one slice: how many questions, whether they name the window, whether they name the zone."""

    each: int
    windowed: bool
    of_the_zone: bool


def questions_of(feed: Feed) -> Questions:
    """Those of the feed, companions among them."""
    every: Iterable[Asked] = (feed.request, *feed.aside.values())
    names = frozenset().union(*map(placeholders, every))
    each = sum(prod(len(codes) for codes in asked.each.values()) for asked in every)
    return Questions(each, bool(names & _OF_THE_WINDOW), bool(names & _OF_THE_ZONE))


@dataclass(frozen=True, slots=True)
class Cost:
    """What is to be done costs so much. `size` is in bytes, None where nothing was ever answered.

    `asking_s` is what the provider's quota alone takes, `work_s` our own work; `because` is the reason in words.
    """

    calls: int
    size: int | None
    asking_s: float
    work_s: float
    publishes: int
    because: str

    @property
    def seconds(self) -> float:
        """Asking and working overlap only where there are several workers: the longer of both, and a bit."""
        return max(self.asking_s, self.work_s) + min(self.asking_s, self.work_s) / 2

    def __str__(self) -> str:
        return f"{duration(self.seconds)}, because {self.because}"


def cost(
    slices: pl.DataFrame, feed: Feed, agency: Agency, bytes_a_day: float | None, calls_per_minute: float | None
) -> Cost:
    """What the numbered slices cost; a question that ten zones share is asked once."""
    todo = slices.filter(pl.col("number").is_not_null())
    asked, shared = todo.filter(~pl.col("landed")), questions_of(feed)
    if not shared.of_the_zone:
        landed = slices.filter("landed").select("period_start")
        asked = asked.unique("period_start").join(landed, on="period_start", how="anti")
    calls = asked.height * shared.each
    days = asked.select((pl.col("period_end") - pl.col("period_start")).dt.total_days().sum()).item() or 0
    publishes = todo.select(pl.struct("zone_id", "chunk").n_unique()).item() if todo.height else 0
    asking_s = max(0, calls - 1) * 60 / calls_per_minute if calls_per_minute else 0.0
    work_s = todo.height * A_SLICE_S + publishes * A_PUBLISH_S
    size = None if bytes_a_day is None else round(days * bytes_a_day)
    return Cost(calls, size, asking_s, work_s, publishes, _because(agency, calls_per_minute, asking_s, work_s, calls))


def _because(agency: Agency, calls_per_minute: float | None, asking_s: float, work_s: float, calls: int) -> str:
    if not calls:
        return "nothing has to be asked"
    if calls_per_minute is None or asking_s <= work_s:
        return "it is read, examined and published"
    return f"the {agency.agency_id} allows {allowed(calls_per_minute)}"


def allowed(calls_per_minute: float) -> str:
    """A rate in words: 60 calls an hour, 10 calls a minute."""
    if calls_per_minute < 10:
        return f"{round(calls_per_minute * 60):,} calls an hour"
    return f"{round(calls_per_minute):,} calls a minute"


def duration(seconds: float) -> str:
    """3 h 40 min; 12 min; 40 s."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    return f"{days} d {hours_left} h" if days > 1 else f"{hours} h {minutes} min".removesuffix(" 0 min")


def amount(size: int | None) -> str:
    """Bytes in words; None is what nobody knows yet."""
    if size is None:
        return "nobody knows how many bytes before the first answer"
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:,} {unit}"
        size = round(size / 1000)
    return f"{size:,} GB"
