"""Whether any observation came twice. Most tables are in order, and then a look at the order is enough."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from datazones.conforming._runs import Places, Runs

_HULLS = pl.DataFrame(schema={"nth": pl.UInt32, "low": pl.Int32, "high": pl.Int32})


class Twice(NamedTuple):
    """An observation that came `times` times: the number of its series and the first day of its period."""

    nth: int
    period_start: date
    times: int


class Identities:
    """The identity of every observation that went by: series, period, vintage and action."""

    def __init__(self) -> None:
        self._pieces: list[tuple[Runs, pl.Series, pl.DataFrame]] = []
        self._hulls = _HULLS
        self._in_order = True

    def meet(self, same: Runs, nth: pl.Series, observations: pl.DataFrame) -> None:
        """Take in the observations of a piece; `nth` is the number of each run's series."""
        piece = observations.select("period_start", "period_end", "released_at", "action")
        self._pieces.append((same, nth, piece))
        if self._in_order:
            self._in_order = same.starts is not None and self._follows(same.starts, nth, piece["period_start"])

    def twice(self) -> Twice | None:
        """The first observation that came more than once, if there is one."""
        if self._in_order:
            return None
        every = pl.concat([piece.insert_column(0, same.spread(nth)) for same, nth, piece in self._pieces])
        packed = every.select(pl.col("nth").cast(pl.Int64) * 2**32 + pl.col("period_start").to_physical()).to_series()
        alike = every.filter(packed.is_duplicated())
        found = alike.group_by(pl.all(), maintain_order=True).len().filter(pl.col("len") > 1)
        return Twice(found["nth"][0], found["period_start"][0], found["len"][0]) if found.height else None

    def _follows(self, starts: Places, nth: pl.Series, period_start: pl.Series) -> bool:
        """Whether each series is one run of rising (or falling) periods that lie outside what it had before."""
        days = period_start.to_physical().to_numpy()
        steps = np.sign(np.diff(days))
        steps[starts[1:] - 1] = 0
        rising = np.count_nonzero(steps > 0)
        within = max(len(days) - len(starts), 0)
        spans = _spans(days, starts, nth)
        before = spans.join(self._hulls, on="nth", suffix="_before")
        overlap = before.filter((pl.col("low") <= pl.col("high_before")) & (pl.col("high") >= pl.col("low_before")))
        self._hulls = pl.concat([self._hulls, spans]).group_by("nth").agg(pl.col("low").min(), pl.col("high").max())
        ordered = rising == within or (rising == 0 and np.count_nonzero(steps) == within)
        return ordered and overlap.height == 0 and not nth.is_duplicated().any()


def _spans(days: np.ndarray[tuple[int], np.dtype[np.int32]], starts: Places, nth: pl.Series) -> pl.DataFrame:
    """First and last period start of every run."""
    ends = np.append(starts[1:], len(days))[: len(starts)] - 1
    first, last = days[starts], days[ends]
    return pl.DataFrame({"nth": nth, "low": np.minimum(first, last), "high": np.maximum(first, last)})
