"""Pure: which slices a backfill consists of, what of them is held, and in which chunks the rest is brought in.

A slice is one zone, one feed and one window. Slices are rows of a frame, never objects: a plan may have a hundred
thousand of them. A chunk is a run of one zone's slices that is loaded and published as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

import orjson
import polars as pl

from datazones.backfilling.costing import Cost, cost, questions_of
from datazones.catalogue import Agency, Feed
from datazones.codes import Freq
from datazones.errors import UnknownCode
from datazones.periods import period, tiles

Which = Literal["missing", "failed", "force"]
"""What is not held; what failed in earlier backfills; all of it, asked anew."""

CHUNKS_AT_MOST = 8
"""Of one zone, unless they would be too long: each is published once."""
SLICES_AT_MOST = 500
"""In one chunk: what a worker that dies may have to load again."""
ASKED_IN_S = 900.0
"""How long a chunk is asked for: readers see how far it is that often."""

WINDOW = ("first_period", "last_period")
SPAN = {"zone_id": pl.String, "period_start": pl.Date, "period_end": pl.Date}
"""What is known of zones before planning: spans of days, the end not included."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for: `first` and `last` are periods, both included."""

    feed_id: str
    zones: tuple[str, ...]
    first: str
    last: str
    which: Which = "missing"
    reverse: bool = False
    approval: bool = False
    by: str = ""


@dataclass(frozen=True)
class Known:
    """What is there already: `held` and `failed` are frames of `SPAN`; `landed` also counts `answers`.

    `bytes_a_day` is what the provider's answers take for one day of one zone; None before the first.
    """

    held: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SPAN))
    failed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SPAN))
    landed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={**SPAN, "answers": pl.UInt32}))
    bytes_a_day: float | None = None


@dataclass(frozen=True)
class Plan:
    """A backfill as it is to be done. `slices` has one row a slice, in the order in which they are done:

    zone_id, first_period, last_period, period_start, period_end, held, landed; `number` counts those of a zone that are
    to be done, from 0, and `chunk` is the chunk they belong to; both are null where nothing is to be done.
    """

    backfill_id: str
    wanted: Wanted
    planned_at: datetime
    slices: pl.DataFrame
    chunk_size: int
    cost: Cost

    @property
    def todo(self) -> pl.DataFrame:
        """The slices that are to be done."""
        return self.slices.filter(pl.col("number").is_not_null())

    @property
    def held(self) -> int:
        """How many are left alone, for they are held."""
        return self.slices.height - self.todo.height


def plan(
    wanted: Wanted, feed: Feed, agency: Agency, known: Known, now: datetime, calls_per_minute: float | None
) -> Plan:
    """The plan; UnknownCode for a range that ends before it begins or begins after today.

    `calls_per_minute` is the quota that is kept to; None where there is none.
    """
    windows = _windows(feed, wanted, now.date())
    slices = pl.DataFrame({"zone_id": wanted.zones}).join(windows, how="cross", maintain_order="left_right")
    slices = slices.with_columns(
        held=_covered(slices, known.held), failed=_same(slices, known.failed), landed=_landed(slices, known, feed)
    )
    size = chunk_size(windows.height, questions_of(feed).each, calls_per_minute)
    slices = _numbered(slices, wanted, size)
    costs = cost(slices, feed, agency, known.bytes_a_day, calls_per_minute)
    return Plan(_id(wanted, now, slices), wanted, now, slices, size, costs)


def chunk_size(windows: int, calls: int, calls_per_minute: float | None) -> int:
    """How many slices make a chunk: as many as are asked in a quarter of an hour, but few chunks, none too long."""
    asked = int(ASKED_IN_S / 60 * calls_per_minute / max(1, calls)) if calls_per_minute else windows
    return max(1, min(max(asked, -(-windows // CHUNKS_AT_MOST)), SLICES_AT_MOST))


def _windows(feed: Feed, wanted: Wanted, today: date) -> pl.DataFrame:
    """The windows from the first period to the last, oldest first: one of all where the feed knows no window."""
    first, last = period(wanted.first), period(wanted.last)
    if first.start >= last.end or first.start > today:
        raise UnknownCode(
            f"the range from {wanted.first} to {wanted.last}",
            found="one that ends before it begins" if first.start >= last.end else "one that has not begun",
            expected=f"periods up to today, {today}, the first before the last",
            next_step="correct --from and --to",
        )
    if not questions_of(feed).windowed:
        whole = {"first_period": feed.periods.first, "last_period": wanted.last}
        begins = period(feed.periods.first).start
        return pl.DataFrame({**whole, "period_start": [begins], "period_end": [last.end]})
    until = min(last.end.fromordinal(last.end.toordinal() - 1), today)
    found = tiles(first.start, until, Freq(feed.periods.slice))
    return found.select(
        pl.col("time_period").alias("first_period"),
        pl.col("time_period").alias("last_period"),
        "period_start",
        "period_end",
    )


def _covered(slices: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """Whether a slice lies within what is held: spans that touch are one."""
    if held.is_empty():
        return pl.repeat(False, slices.height, dtype=pl.Boolean, eager=True)
    spans = held.sort("zone_id", "period_start").with_columns(
        reach=pl.col("period_end").cum_max().shift(1).over("zone_id")
    )
    begins = (pl.col("period_start") > pl.col("reach")).fill_null(True)
    spans = (
        spans.with_columns(nth=begins.cast(pl.UInt32).cum_sum().over("zone_id"))
        .group_by("zone_id", "nth", maintain_order=True)
        .agg(pl.col("period_start").min(), pl.col("period_end").max().alias("until"))
        .sort("period_start")
    )
    found = (
        slices.with_row_index("place")
        .sort("period_start")
        .join_asof(spans, on="period_start", by="zone_id", strategy="backward", check_sortedness=False)
        .sort("place")
    )
    return found.select((pl.col("period_end") <= pl.col("until")).fill_null(False))["period_end"]


def _same(slices: pl.DataFrame, spans: pl.DataFrame) -> pl.Series:
    """Whether a slice is exactly one of these spans."""
    wanted = spans.select(*SPAN).unique().with_columns(pl.lit(True).alias("same"))
    return slices.join(wanted, on=list(SPAN), how="left", maintain_order="left")["same"].fill_null(False)


def _landed(slices: pl.DataFrame, known: Known, feed: Feed) -> pl.Series:
    """Whether every question of a slice was answered before, so that nothing is to be asked."""
    enough = known.landed.filter(pl.col("answers") >= questions_of(feed).each)
    return _same(slices, enough)


def _numbered(slices: pl.DataFrame, wanted: Wanted, size: int) -> pl.DataFrame:
    """In the order in which they are done, with numbers and chunks."""
    todo = {
        "missing": ~pl.col("held"),
        "failed": pl.col("failed") & ~pl.col("held"),
        "force": pl.lit(True),
    }[wanted.which]
    if wanted.reverse:
        slices = slices.with_row_index("place").sort("place", descending=True).drop("place")
        slices = pl.DataFrame({"zone_id": wanted.zones}).join(slices, on="zone_id", maintain_order="left_right")
    number = (todo.cast(pl.UInt32).cum_sum().over("zone_id") - 1).cast(pl.UInt32)
    return slices.with_columns(number=pl.when(todo).then(number)).with_columns(chunk=pl.col("number") // size)


def _id(wanted: Wanted, now: datetime, slices: pl.DataFrame) -> str:
    """The identity of the plan: what is asked for, when, and which slices that made."""
    todo = slices.filter(pl.col("number").is_not_null()).select("zone_id", *WINDOW).write_csv()
    said = orjson.dumps({**asdict(wanted), "at": now.isoformat()}, option=orjson.OPT_SORT_KEYS)
    return sha256(said + todo.encode()).hexdigest()[:12]


def spans(rows: Sequence[tuple[str, date, date]]) -> pl.DataFrame:
    """A frame of `SPAN`."""
    return pl.DataFrame(rows, schema=SPAN, orient="row")
