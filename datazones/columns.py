"""The columns of everything Datazones hands on: one list, from which schemas, DDL comments and docs are made.

A column's name is its SDMX concept id in lower case. `docs/output-contract.md` is the prose of this module.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

PATTERN = re.compile(r"\*|\^.*\$", re.DOTALL)
"""Names that polars takes for a pattern of names: no column of an answer may be called so."""

UTC = pl.Datetime("us", "UTC")
ACTION = pl.Enum(["replace", "delete"])


class Column(NamedTuple):
    """One column: its concept, its polars dtype, whether it may be null, and what it says."""

    name: str
    dtype: pl.DataType
    nullable: bool
    doc: str


def _column(name: str, dtype: pl.DataType | type[pl.DataType], doc: str, *, nullable: bool = False) -> Column:
    return Column(name, dtype() if isinstance(dtype, type) else dtype, nullable, doc)


OBSERVATION: tuple[Column, ...] = (
    _column("series_key", pl.String, "dimension values joined by '.' in structure order"),
    _column("time_period", pl.String, "the period as published; '_Z' where the flow has no time"),
    _column("period_start", pl.Date, "first day of the period"),
    _column("period_end", pl.Date, "first day after the period"),
    _column("obs_value", pl.Float64, "the figure, before unit_mult; null where there is none", nullable=True),
    _column("obs_status", pl.String, "the status flag or flags as published", nullable=True),
    _column("conf_status", pl.String, "the confidentiality flag as published", nullable=True),
    _column("comment_obs", pl.String, "the provider's footnote on this observation", nullable=True),
    _column("obs_attributes", pl.String, "further attributes of this observation, as JSON", nullable=True),
    _column("released_at", UTC, "when the provider released this figure, in its own word", nullable=True),
    _column("action", ACTION, "'delete' where the provider takes the observation back"),
)

SERIES: tuple[Column, ...] = (
    _column("series_key", pl.String, "dimension values joined by '.' in structure order"),
    _column("agency_id", pl.String, "who maintains the dataflow"),
    _column("dataflow_id", pl.String, "the agency's name of the flow"),
    _column("freq", pl.String, "CL_FREQ code; null where the series mixes frequencies", nullable=True),
    _column("ref_area", pl.String, "reference area as published", nullable=True),
    _column("unit_measure", pl.String, "unit of measure as published", nullable=True),
    _column("unit_mult", pl.Int16, "power of ten that obs_value is to be multiplied by; never applied", nullable=True),
    _column("decimals", pl.Int16, "decimals the provider shows", nullable=True),
    _column("base_per", pl.String, "base period of an index or of constant prices", nullable=True),
    _column("adjustment", pl.String, "seasonal adjustment", nullable=True),
    _column("title", pl.String, "what the series measures, in the provider's words", nullable=True),
    _column("dimensions", pl.String, "dimension ids and codes in structure order, as JSON"),
    _column("series_attributes", pl.String, "further attributes of the series, as JSON", nullable=True),
)

OBSERVATION_SCHEMA: dict[str, pl.DataType] = {column.name: column.dtype for column in OBSERVATION}
SERIES_SCHEMA: dict[str, pl.DataType] = {column.name: column.dtype for column in SERIES}
