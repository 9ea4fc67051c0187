"""The dimensions of a JSON-stat data set: their categories in order, and what is said of each.

https://json-stat.org/full/#dimension
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import cast

import polars as pl

from datazones.dialects._records import Record, records, scalar
from datazones.dialects._wire import malformed

SUBJECT = "JSON-stat"

_TIMES = ("time", "time_period")
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension: its id as published, and what is said of its categories, in their order."""

    name: str
    codes: pl.Series
    labels: pl.Series
    notes: pl.Series
    units: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Axes:
    """All dimensions in structure order, and which of them are time and reference area."""

    every: tuple[Axis, ...]
    time: str | None
    area: str | None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(axis.codes.len() for axis in self.every)


def axes_of(dataset: Record) -> Axes:
    """The dimensions of a data set. Until version 2.0 ids, sizes and roles stood among the dimensions."""
    (dimensions,) = records([dataset.get("dimension")], SUBJECT)
    beside = dataset if "id" in dataset else dimensions
    ids, sizes = _texts(beside.get("id"), "id"), beside.get("size")
    axes = tuple(_axis(name, dimensions.get(name)) for name in ids)
    found = [axis.codes.len() for axis in axes]
    if not ids or sizes != found or len(set(ids)) < len(ids) or prod(found) > _LARGEST:
        raise malformed(SUBJECT, found=f"{ids} of size {sizes}, with {found} categories", expected="as many of each")
    (roles,) = records([beside.get("role") or {}], SUBJECT)
    time = _time(ids, roles)
    areas = [name for name in _texts(roles.get("geo", []), "role") if name in ids and name != time]
    return Axes(axes, time, areas[0] if areas else None)


def _time(ids: list[str], roles: Record) -> str | None:
    named = _texts(roles.get("time", []), "role") or [name for name in ids if name.lower() in _TIMES]
    if len(named) > 1 or not set(named) <= set(ids):
        raise malformed(SUBJECT, found=f"time in {named}", expected=f"at most one of {ids}")
    return named[0] if named else None


def _axis(name: str, dimension: object) -> Axis:
    (described,) = records([dimension], SUBJECT)
    (category,) = records([described.get("category")], SUBJECT)
    labels, notes, units = (records([category.get(key) or {}], SUBJECT)[0] for key in ("label", "note", "unit"))
    codes = _codes(category.get("index"), labels)
    return Axis(
        name=name,
        codes=pl.Series(name, codes, pl.String),
        labels=pl.Series([scalar(labels, code, SUBJECT) or code for code in codes], dtype=pl.String),
        notes=pl.Series([noted(notes.get(code)) for code in codes], dtype=pl.String),
        units=tuple(records([units.get(code) or {} for code in codes], SUBJECT)) if units else (),
    )


def _codes(index: object, labels: Record) -> list[str]:
    """The codes in order: listed, or with their places, or, where there is only one, named by its label alone."""
    if index is None and len(labels) == 1:
        return list(labels)
    if isinstance(index, dict) and sorted(index.values(), key=repr) == sorted(range(len(index)), key=repr):
        return sorted(index, key=index.__getitem__)
    codes = _texts(index, "category index")
    if len(set(codes)) < len(codes):
        raise malformed(SUBJECT, found=f"a code twice in {codes!r:.200}", expected="each category once")
    return codes


def noted(given: object) -> str | None:
    """Footnotes, which may be one or several, a line each."""
    return "\n".join(_texts([given] if isinstance(given, str) else given, "note")) if given else None


def _texts(given: object, what: str) -> list[str]:
    if not isinstance(given, list) or not set(map(type, given)) <= {str}:
        raise malformed(SUBJECT, found=f"the {what} {given!r:.200}", expected="a list of texts")
    return cast("list[str]", given)
