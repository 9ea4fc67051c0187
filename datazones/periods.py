"""Time periods as providers write them, and the days they cover.

Pure text to dates; see the SDMX 3.0 technical notes on TIME_PERIOD and ISO 8601. Northern statistical offices write
H for half years, K for quarters and U for weeks. A period is closed at its first day
and open at its last: `[start, end)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from datazones.codes import Freq
from datazones.errors import UnknownCode

NO_TIME = "_Z"
"""The period of a flow that has no time dimension (SDMX: not applicable)."""

_MONTHS = {Freq.A: 12, Freq.S: 6, Freq.T: 4, Freq.Q: 3, Freq.M: 1}


class Period(NamedTuple):
    """One period: its frequency and the days it covers."""

    freq: Freq
    start: date
    end: date


_PATTERNS: tuple[tuple[Freq, re.Pattern[str]], ...] = (
    (Freq.A, re.compile(r"(?P<year>\d{4})(?:-?A1?)?")),
    (Freq.S, re.compile(r"(?P<year>\d{4})-?[SBH](?P<nth>[12])")),
    (Freq.T, re.compile(r"(?P<year>\d{4})-?T(?P<nth>[123])")),
    (Freq.Q, re.compile(r"(?P<year>\d{4})[-:]?[QqK](?P<nth>[1-4])")),
    (Freq.M, re.compile(r"(?P<year>\d{4})-?M(?P<nth>0?[1-9]|1[0-2])")),
    (Freq.M, re.compile(r"(?P<year>\d{4})-?(?P<nth>0[1-9]|1[0-2])")),
)
_LETTERED = re.compile(r"(?!0000)(\d{4})([A-D])")
_WEEK = re.compile(r"(\d{4})-?[WU](0?[1-9]|[1-4]\d|5[0-3])")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T00:00:00(?:\.0+)?(?:Z|[+-]00:?00)?)?")
_DAY_BARE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NTH_DAY = re.compile(r"(\d{4})-D(\d{3})")
_SPAN = re.compile(r"(\d{4}-\d{2}-\d{2})/P(\d+)([YMD])")


@lru_cache(maxsize=1 << 16)
def period(text: str, freq: Freq | None = None) -> Period:
    """The period that `text` names; `freq` says what a bare start date stands for (FRED dates quarters that way).

    UnknownCode when it is none: a period is never guessed.
    """
    found = _no_time(text) or _lettered(text, freq) or _regular(text) or _week(text)
    found = found or _day(text, freq) or _nth_day(text) or _span(text)
    if found is None:
        raise UnknownCode(
            "time_period",
            found=repr(text),
            expected="a period such as 2024, 2024-S1, 2024-Q1, 2024-05, 2024M05, 202405, 2024-W07 or 2024-05-17",
            next_step="if the provider really writes this, teach it to datazones/periods.py with a sample",
        )
    return found


def _no_time(text: str) -> Period | None:
    return Period(Freq.N, date.min, date.max) if text == NO_TIME else None


def _lettered(text: str, freq: Freq | None) -> Period | None:
    """NBS China's quarters, 2023A to 2023D; only where the frequency says so, because 2023A is SDMX's year 2023."""
    match = _LETTERED.fullmatch(text) if freq is Freq.Q else None
    return _months(Freq.Q, int(match[1]), "ABCD".index(match[2]) * 3 + 1) if match else None


def _regular(text: str) -> Period | None:
    for freq, pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match and int(match["year"]) > 0:
            nth = int(match.groupdict().get("nth") or 1)
            return _months(freq, int(match["year"]), (nth - 1) * _MONTHS[freq] + 1)
    return None


def _months(freq: Freq, year: int, month: int) -> Period | None:
    span = _MONTHS[freq]
    last = year * 12 + (month - 1) + span
    if last // 12 > date.max.year:
        return None
    return Period(freq, date(year, month, 1), date(last // 12, last % 12 + 1, 1))


def _week(text: str) -> Period | None:
    match = _WEEK.fullmatch(text)
    try:
        start = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else None
        return Period(Freq.W, start, start + timedelta(days=7)) if start else None
    except (ValueError, OverflowError):
        return None


def _day(text: str, freq: Freq | None) -> Period | None:
    match = _DAY.fullmatch(text) or _DAY_BARE.fullmatch(text)
    try:
        start = date(int(match[1]), int(match[2]), int(match[3])) if match else None
        if start is None:
            return None
        if freq in _MONTHS and start.day == 1:
            return _months(freq, start.year, start.month)
        days = 7 if freq is Freq.W else 1
        return Period(freq if freq is Freq.W else Freq.D, start, start + timedelta(days=days))
    except (ValueError, OverflowError):
        return None


def _nth_day(text: str) -> Period | None:
    """SDMX's reporting day: 2024-D060 is the 29th of February."""
    match = _NTH_DAY.fullmatch(text)
    if not match or int(match[1]) == 0 or int(match[2]) == 0:
        return None
    try:
        start = date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1)
        return Period(Freq.D, start, start + timedelta(days=1)) if start.year == int(match[1]) else None
    except OverflowError:
        return None


def _span(text: str) -> Period | None:
    match = _SPAN.fullmatch(text)
    if not match:
        return None
    count, unit = int(match[2]), match[3]
    if not count:
        return None
    try:
        start = date.fromisoformat(match[1])
        if unit == "D":
            return Period(Freq.N, start, start + timedelta(days=count))
        last = start.year * 12 + start.month - 1 + count * (12 if unit == "Y" else 1)
        return Period(Freq.N, start, date(last // 12, last % 12 + 1, start.day))
    except (ValueError, OverflowError):
        return None


_WRITTEN: dict[Freq, tuple[str, str]] = {
    Freq.A: ("%Y", "1y"),
    Freq.S: ("%Y-S", "6mo"),
    Freq.Q: ("%Y-Q", "1q"),
    Freq.M: ("%Y-%m", "1mo"),
    Freq.W: ("%G-W%V", "1w"),
    Freq.D: ("%Y-%m-%d", "1d"),
}
"""How a period of each frequency that tiles the calendar is written in SDMX, and its length in polars' words."""


def written(day: date, freq: Freq) -> str:
    """The period of that frequency in which the day lies: 2024-05."""
    return str(tiles(day, day, freq)["time_period"][0])


def tiles(first: date, last: date, freq: Freq) -> pl.DataFrame:
    """Every period of that frequency from the one of `first` to the one of `last`, both days included.

    `time_period`, `period_start`, `period_end`; oldest first.
    """
    pattern, every = _WRITTEN[freq]
    begins = pl.Series([first]).dt.truncate(every)[0]
    starts = pl.date_range(begins, last, every, eager=True)
    text = starts.dt.strftime(pattern)
    months = _MONTHS.get(freq, 1)
    if freq in (Freq.S, Freq.Q):
        text = text + ((starts.dt.month().cast(pl.Int32) - 1) // months + 1).cast(pl.String)
    return pl.DataFrame(
        {"time_period": text, "period_start": starts, "period_end": starts.dt.offset_by(every)},
    )


def table(texts: Iterable[str], freq: Freq | None = None) -> pl.DataFrame:
    """One row per distinct text: `time_period`, `period_freq`, `period_start`, `period_end`."""
    rows = [(text, *period(text, freq)) for text in texts]
    return pl.DataFrame(
        rows,
        schema={
            "time_period": pl.String,
            "period_freq": pl.String,
            "period_start": pl.Date,
            "period_end": pl.Date,
        },
        orient="row",
    )
