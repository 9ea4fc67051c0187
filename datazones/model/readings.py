"""What is read of answers: hints and mends that go in, cubes and conformed frames that come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class Hints:
    """What the catalogue knows about a response beyond its bytes; every field may be unknown.

    `aside` holds companion responses by part name ('structure', 'metadata'). `labels` are fixed values for columns
    that the wire format leaves out (e.g. freq of a FRED series).
    """

    agency_id: str | None = None
    dataflow_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cube:
    """What a dialect read from one response, or from one bounded piece of a large one.

    `frame` has one row per observation. Its columns are SDMX concept ids in lower case:
    every name in `dimensions` (String, never null); `time_period` (String; absent where the flow has no time);
    `obs_value` (String as written, or Float64 where the wire format itself has typed numbers; null = no value);
    and, where the provider gives them, any column of `columns.OBSERVATION` or `columns.SERIES`, and further
    attributes (String): those named in `series_attributes` belong to the series, all others to the observation.
    """

    frame: pl.DataFrame
    dimensions: tuple[str, ...]
    agency_id: str
    dataflow_id: str
    series_attributes: tuple[str, ...] = ()
    released_at: datetime | None = None

    def with_frame(self, frame: pl.DataFrame) -> Cube:
        """The same with another frame of the same columns."""
        return replace(self, frame=frame)


@dataclass(frozen=True, slots=True)
class Quirk:
    """Something a provider gets wrong in its own format, since when we know, and what mends it.

    `mend` gives the cube as it should have been, or None where there is nothing to mend in it.
    """

    quirk_id: str
    cause: str
    found_on: date
    mend: Callable[[Cube], Cube | None]


@dataclass(frozen=True, slots=True)
class Correction:
    """One figure that a provider published wrongly: where, what was `found`, and what is loaded in its place.

    `corrected` is None where no better figure is known: then the observation has none.
    """

    correction_id: str
    cause: str
    declared_on: date
    series_key: str
    time_period: str
    found: float
    corrected: float | None

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Correction:
        return cls(**{**plain, "declared_on": date.fromisoformat(plain["declared_on"])})


@dataclass(frozen=True, slots=True)
class Conformed:
    """Observations and their series, exactly in the schemas of `columns`."""

    observations: pl.DataFrame
    series: pl.DataFrame
