"""Periods of many rows: every text is read once, however many rows and pieces it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from datazones import periods
from datazones.codes import Freq
from datazones.errors import ResponseMalformed


class Spans(NamedTuple):
    """The bounds of each row, as places in a table of texts."""

    table: pl.DataFrame
    place: pl.Series

    def column(self, name: str) -> pl.Series:
        """`period_freq`, `period_start` or `period_end` of every row."""
        return self.table[name].gather(self.place)

    def packed(self) -> Spans:
        """The same in as little memory as it takes."""
        return Spans(self.table, self.place.shrink_dtype())


class Calendar:
    """The texts that were met, with their bounds."""

    def __init__(self) -> None:
        self._known: dict[Freq | None, pl.DataFrame] = {}

    def spans(self, frame: pl.DataFrame, freqs: Sequence[str | None]) -> Spans:
        """The bounds of `time_period` in every row, where `freqs` are those in the column `freq`, if there is one.

        ResponseMalformed for a row without a period, UnknownCode for a text that is none.
        """
        given = frame["time_period"]
        if given.null_count():
            raise ResponseMalformed(
                "time_period",
                found=f"{given.null_count()} observations without a period",
                expected="a period beside every figure",
                next_step="look at the raw response",
            )
        codes = {_code(freq) for freq in freqs} or {None}
        return self._by_freq(frame, freqs, codes) if len(codes) > 1 else self._placed(given, codes.pop())

    def _placed(self, given: pl.Series, freq: Freq | None) -> Spans:
        table = self._known.get(freq, periods.table(()))
        place = _place(given, table)
        if place.null_count():
            fresh = given.filter(place.is_null()).unique(maintain_order=True)
            table = self._known[freq] = pl.concat([table, periods.table(fresh.to_list(), freq)])
            place = _place(given, table)
        return Spans(table, place)

    def _by_freq(self, frame: pl.DataFrame, freqs: Sequence[str | None], codes: set[Freq | None]) -> Spans:
        """One text may stand for a quarter in one row and for a day or a year in another."""
        table, place = periods.table(()), np.zeros(frame.height, np.uint32)
        for code in codes:
            mine = frame["freq"].is_in([freq for freq in freqs if _code(freq) is code], nulls_equal=True)
            found = self._placed(frame["time_period"].filter(mine), code)
            place[mine.to_numpy()] = found.place.to_numpy() + np.uint32(table.height)
            table = pl.concat([table, found.table])
        return Spans(table, pl.Series(place))


def _place(given: pl.Series, table: pl.DataFrame) -> pl.Series:
    """Where each text stands in the table; null where it does not."""
    return given.cast(pl.Enum(table["time_period"]), strict=False).to_physical()


def _code(freq: str | None) -> Freq | None:
    """What is no code of CL_FREQ, as far as periods of it have bounds, says nothing of a period."""
    return Freq(freq) if freq and freq in Freq.__members__ else None
