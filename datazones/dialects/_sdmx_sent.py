"""What a data set of SDMX-ML sent, before anybody asks what is a dimension and what an attribute."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
import polars.selectors as cs

SERIES = "#series"
"""Column of an observation: which row of the part's series it belongs to. No XML name can hold a '#'."""
AT_OBSERVATION = "#dimension"
"""Column of a generic observation's own dimension where only the header says which one that is."""
VALUE = "OBS_VALUE"

Row = dict[str, str]


class Part(NamedTuple):
    """A piece of bounded size: texts by the ids they were sent under, null where a row has none.

    `series` has one row for each series element. A flat data set has none, and its observations no column `SERIES`.
    """

    series: pl.DataFrame
    observations: pl.DataFrame


class Sent(NamedTuple):
    """One data set. `key` names the dimensions where the format itself tells them from attributes (generic)."""

    parts: tuple[Part, ...]
    groups: tuple[Row, ...]
    attributes: Row
    key: tuple[str, ...] | None


_SAMPLE, _FEW = 1_000, 500


def packed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with columns of few different texts as numbers: most of them are, and then take a tenth."""
    distinct = {column.name: column.unique().drop_nulls() for column in frame if _repeats(column)}
    return frame.with_columns(frame[name].cast(pl.Enum(texts)) for name, texts in distinct.items())


def _repeats(column: pl.Series) -> bool:
    return column.dtype == pl.String and column.head(_SAMPLE).n_unique() < _FEW


def unpacked(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with texts as texts again."""
    return frame.with_columns(cs.enum().cast(pl.String))
