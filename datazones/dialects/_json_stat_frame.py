"""Cells of a JSON-stat data set with what the data set says of them, a column each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from datazones.dialects._dimensions import concepts, freq, named_once
from datazones.dialects._json_stat_axes import SUBJECT, Axes, Axis, noted
from datazones.dialects._records import Record, scalar

_Places = Mapping[str, npt.NDArray[np.intp]]
_UNITS = {
    "unit_measure": ("label", "base", "symbol"),
    "unit_mult": ("multiplier",),
    "decimals": ("decimals",),
    "unit_symbol": ("symbol",),
}
"""What is said of a unit, each under the first of these keys that has something."""


def frame_of(cells: pl.DataFrame, axes: Axes, dimensions: Mapping[str, str], dataset: Record) -> pl.DataFrame:
    """One row per cell: its codes, period, figure, flag, labels, units and footnotes.

    `dimensions` are the columns of the axes, time left out.
    """
    places = np.unravel_index(cells["position"].to_numpy(), axes.shape)
    at = {axis.name: place for axis, place in zip(axes.every, places, strict=True)}
    keyed = [axis for axis in axes.every if axis.name in dimensions]
    coded = pl.DataFrame([axis.codes.gather(at[axis.name]).alias(dimensions[axis.name]) for axis in keyed])
    area = {"ref_area": dimensions[axes.area]} if axes.area else {}
    concept = {column.name: column for column in coded.select(concepts(coded.columns, area))}
    units = {column.name: column for column in _units(keyed, at)}
    columns = [
        *coded,
        *_periods(axes, at, has_freq="freq" in coded.columns),
        *cells.drop("position"),
        *(column for name, column in {**concept, **units}.items() if name not in coded.columns),
        *_notes(keyed, at, dimensions),
        _titles(keyed, at, dataset, cells.height),
        _everywhere("data_source", scalar(dataset, "source", SUBJECT), cells.height),
        _everywhere("footnotes", noted(dataset.get("note")), cells.height),
    ]
    return named_once(columns, SUBJECT)


def _periods(axes: Axes, at: _Places, *, has_freq: bool) -> Iterator[pl.Series]:
    """The period of every cell, its frequency where no dimension has it, and the footnote on the period."""
    for axis in axes.every:
        if axis.name == axes.time:
            period = axis.codes.gather(at[axis.name]).alias("time_period")
            yield period
            if not has_freq:
                yield freq(period)
            if axis.notes.null_count() < axis.notes.len():
                yield axis.notes.gather(at[axis.name]).alias("comment_obs")


def _notes(keyed: Sequence[Axis], at: _Places, dimensions: Mapping[str, str]) -> Iterator[pl.Series]:
    for axis in keyed:
        if axis.notes.null_count() < axis.notes.len():
            yield axis.notes.gather(at[axis.name]).alias(f"{dimensions[axis.name]}_note")


def _units(keyed: Sequence[Axis], at: _Places) -> Iterator[pl.Series]:
    """Units of measure, which stand with the categories of one dimension."""
    for axis in keyed:
        for name, keys in _UNITS.items() if axis.units else ():
            said = [next((text for key in keys if (text := scalar(unit, key, SUBJECT))), None) for unit in axis.units]
            yield pl.Series(name, said, pl.String).gather(at[axis.name])


def _titles(keyed: Sequence[Axis], at: _Places, dataset: Record, height: int) -> pl.Series:
    """What the data set is called and then what its codes are called, worked out once for every series."""
    label = scalar(dataset, "label", SUBJECT) or scalar(dataset, "title", SUBJECT)
    if not keyed:
        return _everywhere("title", label, height)
    shape = tuple(axis.codes.len() for axis in keyed)
    series, of_cell = np.unique(np.ravel_multi_index([at[axis.name] for axis in keyed], shape), return_inverse=True)
    places = np.unravel_index(series, shape)
    labels = pl.DataFrame([axis.labels.gather(at).alias(axis.name) for axis, at in zip(keyed, places, strict=True)])
    named = labels.select(pl.concat_str(pl.all(), separator=", ").alias("title")).to_series()
    return (f"{label}: " + named if label else named).alias("title").gather(of_cell)


def _everywhere(name: str, text: str | None, height: int) -> pl.Series:
    return pl.Series(name, [text], pl.String).new_from_index(0, height)
