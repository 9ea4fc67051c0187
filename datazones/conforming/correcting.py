"""Declared corrections of single figures: applied where the fault is still there, refused once it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import isclose

import orjson
import polars as pl

from datazones.errors import CorrectionStale
from datazones.model import Conformed, Correction
from datazones.periods import period

_NAME, _PUBLISHED = "correction", "obs_value_published"
_AS_FOUND = 1e-9


def corrected(pieces: Iterable[Conformed], declared: Sequence[Correction]) -> Iterator[Conformed]:
    """Each piece with the faults corrected that are `declared`; what was published stands in `obs_attributes`.

    CorrectionStale, after the last piece, when the newest vintage no longer has a fault, or no longer the observation
    while it has its series before and after it. A series that is not there at all is another zone's or window's.
    """
    told = [_Told(correction) for correction in declared]
    for piece in pieces:
        frame = piece.observations
        for each in told:
            frame = each.applied(frame)
        yield Conformed(frame, piece.series)
    for each in told:
        each.refuse_stale()


def count_corrected(piece: Conformed) -> int:
    """How many observations of a piece were corrected."""
    return int(piece.observations["obs_attributes"].str.contains(f'"{_NAME}":', literal=True).sum())


class _Told:
    """One correction, and what was seen of its observation."""

    def __init__(self, correction: Correction) -> None:
        self._correction = correction
        self._start = period(correction.time_period).start
        self._newest: tuple[datetime | None, float | None] | None = None
        self._before = self._after = False

    def applied(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with this correction made in every vintage that has the fault."""
        own = frame.with_row_index("at").filter(pl.col("series_key") == self._correction.series_key)
        self._before |= bool((own["period_start"] < self._start).any())
        self._after |= bool((own["period_start"] > self._start).any())
        met = own.filter(pl.col("time_period") == self._correction.time_period)
        for row in met.select("at", "obs_value", "obs_attributes", "released_at").iter_rows():
            frame = self._met(frame, *row)
        return frame

    def _met(
        self, frame: pl.DataFrame, at: int, published: float | None, attributes: str | None, released: datetime | None
    ) -> pl.DataFrame:
        if self._newest is None or (released and self._newest[0] and released >= self._newest[0]):
            self._newest = released, published
        if not self._is_fault(published):
            return frame
        noted = {**orjson.loads(attributes or "{}"), _NAME: self._correction.correction_id, _PUBLISHED: str(published)}
        return frame.with_columns(
            frame["obs_value"].scatter(at, self._correction.corrected),
            frame["obs_attributes"].scatter(at, orjson.dumps(noted).decode()),
        )

    def _is_fault(self, published: float | None) -> bool:
        return published is not None and isclose(published, self._correction.found, rel_tol=_AS_FOUND)

    def refuse_stale(self) -> None:
        gone = self._newest is None and self._before and self._after
        if not gone and (self._newest is None or self._is_fault(self._newest[1])):
            return
        raise CorrectionStale(
            f"the correction {self._correction.correction_id} of {self._correction.series_key}, "
            f"{self._correction.time_period}",
            found="no such observation any more" if self._newest is None else f"the figure {self._newest[1]}",
            expected=f"the fault that it corrects, {self._correction.found}",
            next_step="the provider has repaired it: take the correction out of the feed's file",
        )
