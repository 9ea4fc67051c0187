"""Attributes that SDMX attaches to groups: to every series that has certain values in certain dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from datazones.dialects._wire import malformed

Row = Mapping[str, str]
Tables = Mapping[tuple[str, ...], pl.DataFrame]


def grouped(groups: Sequence[Row], dimensions: Sequence[str]) -> Tables:
    """The attributes of groups, one table for each set of dimensions that groups are keyed by."""
    rows: dict[tuple[str, ...], dict[tuple[str, ...], dict[str, str]]] = {}
    for group in groups:
        names = tuple(name for name in dimensions if name in group)
        values = rows.setdefault(names, {}).setdefault(tuple(group[name] for name in names), {})
        for name, text in group.items():
            if values.setdefault(name, text) != text:
                raise malformed(
                    "SDMX group", found=f"{name} both {values[name]!r} and {text!r}", expected="one of them"
                )
    return {names: pl.DataFrame(list(found.values()), infer_schema_length=None) for names, found in rows.items()}


def with_groups(frame: pl.DataFrame, groups: Tables) -> tuple[pl.DataFrame, Tables]:
    """The frame with the attributes of those groups whose dimensions it has, and the groups that remain.

    What the frame says itself comes first.
    """
    later: dict[tuple[str, ...], pl.DataFrame] = {}
    for names, table in groups.items():
        if not frame.width or not set(names) <= set(frame.columns):
            later[names] = table
        else:
            frame = _joined(frame, names, table)
    return frame, later


def _joined(frame: pl.DataFrame, names: tuple[str, ...], table: pl.DataFrame) -> pl.DataFrame:
    known = [name for name in table.columns if name in frame.columns and name not in names]
    joined = (
        frame.join(table, on=names, how="left", maintain_order="left", suffix="#group")
        if names
        else frame.join(table, how="cross", suffix="#group")
    )
    own = [pl.coalesce(name, f"{name}#group").alias(name) for name in known]
    return joined.with_columns(own).drop(f"{name}#group" for name in known)
