"""From the names a provider gave its dimensions to the columns of a cube, where the format says no more of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from datazones import periods
from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from datazones.dialects._sdmx_concepts import ALIASES
from datazones.dialects._wire import malformed

_CONCEPTS = ("ref_area", "unit_measure", "base_per", "adjustment")
_OURS = {*OBSERVATION_SCHEMA, *SERIES_SCHEMA} - {"freq", *_CONCEPTS}


def lowered(given: Sequence[str], subject: str) -> tuple[str, ...]:
    """The ids in lower case, with a '_' behind one that is a column of ours. ResponseMalformed if two are the same."""
    ids = tuple(f"{name.lower()}_" if name.lower() in _OURS else name.lower() for name in given)
    if len(set(ids)) < len(ids) or "" in ids:
        raise malformed(subject, found=f"the dimensions {list(given)}", expected="names that differ in lower case")
    return ids


def concepts(dimensions: Sequence[str], roles: Mapping[str, str] | None = None) -> Iterator[pl.Expr]:
    """Columns of our concepts beside dimensions that are one under another name; `roles` is told by the response."""
    for concept in _CONCEPTS:
        told = (roles or {}).get(concept, "")
        names = [name for name in (told, *ALIASES[concept]) if name in dimensions]
        if names and concept not in dimensions:
            yield pl.col(names[0]).alias(concept)


def freq(published: pl.Series) -> pl.Series:
    """The frequency that each period is of, as `freq`; UnknownCode if one is none."""
    distinct = published.unique().drop_nulls().to_list()
    found = [periods.period(text).freq.value for text in distinct]
    return published.replace_strict(distinct, found, default=None, return_dtype=pl.String).alias("freq")


def named_once(columns: Sequence[pl.Series], subject: str) -> pl.DataFrame:
    """The columns as a frame; ResponseMalformed where two have one name."""
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise malformed(subject, found=f"the columns {names!r:.300}", expected="each name once")
    return pl.DataFrame(columns)
