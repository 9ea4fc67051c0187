"""FRED and ALFRED observations, JSON, in all four output types.

Dimensions `series_id` and `units` ("lin" for levels; a transformation is another series of the same id). The body says
neither the series, except in output types 2 and 3, nor its frequency: they come from the feed's labels `series_id` (or
its dataflow) and `freq`, else from the series information aside as 'metadata'; the frequency else from dates that are
all first days of months equally far apart.

Every figure is one row per date and real-time period, with `released_at` the first day of that period: true vintages.
"." is a row without a value: FRED says so where it took a figure back. A period ends on the day before the next one
begins, so its end is not kept apart. FRED clamps periods to the window that was asked: one that begins with the window
began then or before. Such a row keeps the window's first day as `released_at`, on which the figure was known at the
latest, and says so in its attribute `released`: "on or before". So do all rows of output type 2, which repeats a figure
in every later vintage. For true days of release ask from 1776-07-04.
https://fred.stlouisfed.org/docs/api/fred/series_observations.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from datazones import codes
from datazones.columns import UTC
from datazones.dialects._records import Record, count, optional, records, required, scalar, text
from datazones.dialects._wire import json_of, malformed
from datazones.errors import (
    DatazonesError,
    PagesShifted,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    StructureChanged,
)
from datazones.model import Cube, Hints, Request

SUBJECT = "FRED JSON"
AGENCY = "FRED"
MOST_PAGES = 10_000

_RECOGNISED = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:realtime_start"\s*:\s*"\d{4}-|error_code"\s*:\s*\d)')
_VINTAGE = r"^(?P<series_id>.+)_(?P<day>\d{8})$"
_MISSING = "."
_LEVELS = "lin"
_BY_ROW, _ALL_AGAIN, _NEWS, _FIRST = range(1, 5)
_MONTHS_APART = {1: "M", 3: "Q", 6: "S", 12: "A"}
_FREQS = {"D": "D", "W": "W", "M": "M", "Q": "Q", "SA": "S", "A": "A"}
_SERIES_ATTRIBUTES = ("series_notes",)


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer: how it was asked, and its rows."""

    window: str
    units: str
    output_type: int
    count: int
    offset: int
    limit: int
    rows: list[Record]


def recognises(head: bytes) -> bool:
    return _RECOGNISED.match(head) is not None


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations of one answer.

    ProviderRefused, RateLimited or ProviderUnavailable for an error, ResponseMalformed for series information, vintage
    dates, releases and other lists, which have no observations.
    """
    page = _page(body)
    if not page.rows:
        return
    info = _info(hints)
    read = _by_row(page) if page.output_type in (_BY_ROW, _FIRST) else _by_column(page)
    frame = _named(read, info.get("series_id"), hints)
    said = {"units": page.units, "freq": hints.labels.get("freq") or info.get("freq") or _freq(frame["time_period"])}
    said |= {name: info.get(name) for name in ("title", "adjustment", "series_notes")}
    said |= {"unit_measure": info.get("unit_measure") if page.units == _LEVELS else page.units}
    yield Cube(
        frame=frame.with_columns(pl.lit(word).alias(name) for name, word in said.items() if word is not None),
        dimensions=("series_id", "units"),
        agency_id=AGENCY,
        dataflow_id=hints.dataflow_id or codes.UNKNOWN,
        series_attributes=_SERIES_ATTRIBUTES,
    )


def _named(frame: pl.DataFrame, informed: str | None, hints: Hints) -> pl.DataFrame:
    """With the series, as its columns, the feed or the information aside name it; StructureChanged if they disagree."""
    stated = {name for name in (hints.labels.get("series_id"), informed) if name}
    if "series_id" not in frame.columns:
        known = min(stated, default=hints.dataflow_id or codes.UNKNOWN)
        frame = frame.with_columns(pl.lit(known).alias("series_id"))
    found = stated | set(frame["series_id"])
    if len(found) > 1:
        raise StructureChanged(
            SUBJECT,
            found=f"the series {' and '.join(sorted(found))}",
            expected="one series in the answer, in the feed and in the information aside",
            next_step="correct the feed's label series_id, or what it asks aside",
        )
    return frame


def following(request: Request, body: bytes) -> tuple[Request, ...]:
    """The rest of an answer that has more rows than the limit."""
    page = _page(body)
    if page.count > page.limit * MOST_PAGES:
        raise malformed(SUBJECT, found=f"{page.count} rows by {page.limit}", expected=f"at most {MOST_PAGES} pages")
    kept = tuple((name, word) for name, word in request.params if name != "offset")
    offsets = range(page.offset + page.limit, page.count, page.limit)
    return tuple(replace(request, params=(*kept, ("offset", str(offset)))) for offset in offsets)


def whole(bodies: Sequence[bytes]) -> None:
    """PagesShifted unless the pages are of one window, follow one another, and have as many rows as announced."""
    pages = sorted(map(_page, bodies), key=lambda page: page.offset)
    states = {(page.window, page.units, page.output_type, page.count) for page in pages}
    ends = [page.offset + len(page.rows) for page in pages]
    if len(states) > 1 or [page.offset for page in pages[1:]] != ends[:-1] or ends[-1] != pages[0].count:
        raise PagesShifted(
            SUBJECT,
            found=f"pages that end at the rows {ends} and announce {sorted({page.count for page in pages})}",
            expected="pages that follow one another up to the announced count",
            next_step="ask again from the first page; the series was probably released in between",
        )


def _page(body: bytes) -> _Page:
    (given,) = records([json_of(body, SUBJECT)], SUBJECT)
    if "error_code" in given:
        raise _refusal(given)
    if "observations" not in given:
        raise malformed(SUBJECT, found=f"a list of {', '.join(given)}"[:200], expected="observations")
    output_type = count(given, "output_type", SUBJECT)
    limit = count(given, "limit", SUBJECT)
    if output_type not in (_BY_ROW, _ALL_AGAIN, _NEWS, _FIRST) or not limit:
        raise malformed(SUBJECT, found=f"output type {output_type}, limit {limit}", expected="output type 1 to 4")
    return _Page(
        window=scalar(given, "realtime_start", SUBJECT) or "",
        units=scalar(given, "units", SUBJECT) or "",
        output_type=output_type,
        count=count(given, "count", SUBJECT),
        offset=count(given, "offset", SUBJECT),
        limit=limit,
        rows=records(given["observations"], SUBJECT),
    )


def _refusal(given: Record) -> DatazonesError:
    code = count(given, "error_code", SUBJECT)
    kind = RateLimited if code == 429 else ProviderUnavailable if code >= 500 else ProviderRefused
    return kind(
        SUBJECT,
        found=f"the error {code}: {scalar(given, 'error_message', SUBJECT)}",
        expected="observations",
        next_step="check the series, the key and the real-time window of the question; ask many vintages in parts",
    )


def _by_row(page: _Page) -> pl.DataFrame:
    """Output types 1 and 4: one row per date and real-time period."""
    frame = pl.DataFrame(
        [
            text("time_period", required(page.rows, "date", SUBJECT), SUBJECT),
            text("obs_value", required(page.rows, "value", SUBJECT), SUBJECT),
            text("begins", required(page.rows, "realtime_start", SUBJECT), SUBJECT),
        ]
    )
    return _released(frame, page, "%Y-%m-%d")


def _by_column(page: _Page) -> pl.DataFrame:
    """Output types 2 and 3: one row per date, one column per vintage, such as GDP_20200730."""
    vintages = sorted(set().union(*page.rows) - {"date"})
    columns = [text(name, optional(page.rows, name), SUBJECT) for name in vintages]
    wide = pl.DataFrame([text("time_period", required(page.rows, "date", SUBJECT), SUBJECT), *columns])
    long = wide.unpivot(index="time_period", variable_name="vintage", value_name="obs_value")
    parts = long["vintage"].str.extract_groups(_VINTAGE).struct.unnest()
    if parts.null_count().sum_horizontal().item():
        raise malformed(SUBJECT, found=f"the columns {vintages}"[:200], expected="columns such as GDP_20200730")
    known = (pl.col("obs_value") != _MISSING).cum_sum().over("time_period", order_by="begins")
    frame = long.hstack(parts.rename({"day": "begins"})).drop("vintage").filter(pl.col("obs_value").is_not_null())
    return _released(frame.filter(known > 0).sort("time_period", "begins"), page, "%Y%m%d")


def _released(frame: pl.DataFrame, page: _Page, day: str) -> pl.DataFrame:
    begins = frame["begins"].str.to_date(day, strict=False)
    if begins.null_count() or not begins.dt.year().is_between(1, 9999).all():
        raise malformed(SUBJECT, found="a real-time period that begins on no day", expected="days such as 2020-07-30")
    clamped = (begins.dt.to_string() == page.window) | pl.lit(page.output_type == _ALL_AGAIN)
    return frame.with_columns(
        pl.col("obs_value").replace(_MISSING, None),
        begins.cast(UTC).alias("released_at"),
        pl.when(clamped).then(pl.lit("on or before")).alias("released"),
    ).drop("begins")


def _info(hints: Hints) -> dict[str, str | None]:
    """What the series information aside says, in our words; nothing where there is none."""
    if "metadata" not in hints.aside:
        return {}
    subject = f"{SUBJECT}, metadata"
    (given,) = records([json_of(hints.aside["metadata"], subject)], subject)
    listed = records(given.get("seriess"), subject)
    if len(listed) != 1:
        raise malformed(subject, found=f"{len(listed)} series", expected="the information on one series")
    said = {key: scalar(listed[0], key, subject) for key in ("id", "title", "units", "notes")}
    freq = scalar(listed[0], "frequency_short", subject)
    return {
        "series_id": said["id"],
        "freq": _FREQS.get(freq or ""),
        "title": said["title"],
        "unit_measure": said["units"],
        "adjustment": scalar(listed[0], "seasonal_adjustment_short", subject),
        "series_notes": said["notes"],
    }


def _freq(published: pl.Series) -> str | None:
    """The frequency, where the dates leave no choice."""
    days = published.unique().str.to_date("%Y-%m-%d", strict=False)
    if days.null_count() or (days.dt.day() != 1).any():
        return None
    apart = (days.dt.year().cast(pl.Int32) * 12 + days.dt.month()).sort().diff().drop_nulls().unique().to_list()
    return _MONTHS_APART.get(apart[0]) if len(apart) == 1 else None
