"""Whether any observation came twice. Most tables are in order, and then a look at the order is enough."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from datazones.conforming._calendar import Spans
from datazones.conforming._runs import Places, Runs

Days = np.ndarray[tuple[int], np.dtype[np.int32]]

_DAYS = np.iinfo(np.int32)


class Twice(NamedTuple):
    """An observation that came `times` times: the number of its series and the first day of its period."""

    nth: int
    period_start: date
    times: int


class _Piece(NamedTuple):
    """The identities of one piece, packed: they are needed again only if the order of the table does not settle it.

    `nth` is the number of each run's series where `starts` says where runs begin, else that of each row's. `told` are
    release and action, in one row where all rows say the same.
    """

    nth: pl.Series
    starts: Places | None
    spans: Spans
    told: pl.DataFrame

    def unpacked(self) -> pl.DataFrame:
        height = self.spans.place.len()
        spread = self.told.height != height
        told = [column.new_from_index(0, height) if spread else column for column in self.told]
        numbers = self.nth.to_numpy()
        if self.starts is not None:
            numbers = np.repeat(numbers, np.diff(self.starts, append=height))
        bounds = [self.spans.column(name) for name in ("period_start", "period_end")]
        return pl.DataFrame([pl.Series("nth", numbers), *bounds, *told])


class Identities:
    """The identity of every observation that went by: series, period, vintage and action."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._low, self._high = np.empty(0, np.int32), np.empty(0, np.int32)
        self._in_order = True

    def meet(self, same: Runs, nth: pl.Series, spans: Spans, observations: pl.DataFrame) -> None:
        """Take in the observations of a piece; `nth` is the number of each run's series."""
        numbers = same.spread(nth) if same.starts is None else nth
        told = observations.select("released_at", "action")
        self._pieces.append(_Piece(numbers, same.starts, spans.packed(), _once(told)))
        if self._in_order:
            starts = same.starts
            self._in_order = starts is not None and self._follows(starts, nth, observations["period_start"])

    def twice(self) -> Twice | None:
        """The first observation that came more than once, if there is one."""
        if self._in_order:
            return None
        every = pl.concat([piece.unpacked() for piece in self._pieces])
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
        ordered = rising == within or (rising == 0 and np.count_nonzero(steps) == within)
        apart = not self._overlap(days, starts, nth.cast(pl.Int64).to_numpy())
        return ordered and apart and not nth.is_duplicated().any()

    def _overlap(self, days: Days, starts: Places, nth: Places) -> bool:
        """Whether a run meets the periods that its series had before; from now on it has those of the run as well."""
        ends = np.append(starts[1:], len(days))[: len(starts)] - 1
        low, high = np.minimum(days[starts], days[ends]), np.maximum(days[starts], days[ends])
        more = max(int(nth.max(initial=-1)) + 1 - len(self._low), 0)
        self._low = np.append(self._low, np.full(more, _DAYS.max, np.int32))
        self._high = np.append(self._high, np.full(more, _DAYS.min, np.int32))
        met = (low <= self._high[nth]) & (high >= self._low[nth])
        np.minimum.at(self._low, nth, low)
        np.maximum.at(self._high, nth, high)
        return bool(met.any())


def _once(told: pl.DataFrame) -> pl.DataFrame:
    """One row where all rows say the same."""
    same = all(column.null_count() in (0, column.len()) and column.min() == column.max() for column in told)
    return told.head(1) if same else told
