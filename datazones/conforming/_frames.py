"""A cube's frame made complete: labels filled in, every dimension there, every period with its bounds."""

from __future__ import annotations

import polars as pl

from datazones import periods
from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA, UTC
from datazones.dialects._moments import moment
from datazones.errors import ResponseMalformed, StructureChanged
from datazones.model import Cube, Hints

MADE_HERE = {
    *("series_key", "period_start", "period_end", "obs_attributes"),
    *("agency_id", "dataflow_id", "dimensions", "series_attributes"),
}
"""Columns that conforming makes; a dialect that brings one of them would have it overwritten."""


def complete(cube: Cube, hints: Hints) -> pl.DataFrame:
    """The cube's frame with the labels and `time_period` it lacks. StructureChanged when a column is missing."""
    frame = cube.frame.with_columns(
        _label(name, text, cube) for name, text in hints.labels.items() if name not in cube.frame.columns
    )
    if "time_period" not in frame.columns:
        frame = frame.with_columns(pl.lit(periods.NO_TIME).alias("time_period"))
    missing = [name for name in (*cube.dimensions, "obs_value") if name not in frame.columns]
    taken = sorted(MADE_HERE.intersection(frame.columns))
    if missing or taken:
        raise StructureChanged(
            cube.dataflow_id,
            found=f"columns {frame.columns}",
            expected=f"also {missing}" if missing else f"none of {taken}, which are made here",
            next_step="compare the response with the feed's recorded sample",
        )
    return frame


def _label(name: str, text: str, cube: Cube) -> pl.Expr:
    """What the feed says where the response says nothing; a release that the response names comes first."""
    if name != "released_at":
        return pl.lit(text, pl.String).alias(name)
    return pl.lit(cube.released_at or moment(text, "the label released_at"), UTC).alias(name)


def of_series(cube: Cube, hints: Hints, frame: pl.DataFrame) -> list[str]:
    """Columns that say something of a series and have no column of their own; unknown labels are such."""
    named = (*cube.series_attributes, *(name for name in hints.labels if name not in cube.frame.columns))
    apart = {*OBSERVATION_SCHEMA, *SERIES_SCHEMA, *cube.dimensions}
    return [name for name in dict.fromkeys(named) if name in frame.columns and name not in apart]


def of_observations(cube: Cube, frame: pl.DataFrame, series_level: list[str]) -> list[str]:
    """Columns that say something of single observations and have no column of their own."""
    apart = {*OBSERVATION_SCHEMA, *SERIES_SCHEMA, *cube.dimensions, *series_level}
    return [name for name in frame.columns if name not in apart and frame[name].null_count() < frame.height]


def refuse_gaps(heads: pl.DataFrame, cube: Cube) -> None:
    """ResponseMalformed when an observation has no code in a dimension."""
    lacking = heads.select(pl.col(cube.dimensions).cast(pl.String).fill_null("") == "")
    for name, any_lacking in lacking.select(pl.all().any()).row(0, named=True).items() if cube.dimensions else ():
        if any_lacking:
            raise ResponseMalformed(
                cube.dataflow_id,
                found=f"no code in {name}: {heads.filter(lacking[name]).row(0, named=True)}",
                expected="a code in every dimension of every observation",
                next_step="look at the raw response",
            )
