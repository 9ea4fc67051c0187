"""What lies beside a table of Our World in Data: the metadata of a chart, or the data package of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from datazones.columns import UTC
from datazones.dialects._moments import moment
from datazones.dialects._records import Record, inner, records, scalar
from datazones.dialects._wire import json_of, malformed

SUBJECT = "OWID metadata"

_COLUMNS = {
    "title": ("titleLong", "titleShort", "title", "name"),
    "unit_measure": ("unit",),
    "owid_variable_id": ("owidVariableId",),
    "short_name": ("shortName",),
    "description": ("descriptionShort", "description"),
    "citation": ("citationLong",),
}
"""What is said of an indicator, each under the first of these keys that has something."""
SERIES_ATTRIBUTES = ("owid_variable_id", "short_name", "description", "citation")


def described(headers: Sequence[str], aside: bytes | None) -> pl.DataFrame:
    """One row per indicator: its column's `header`, its code as `indicator`, and what the metadata say of it.

    ResponseMalformed when they do not know a column. Without metadata the header is code and title.
    """
    own: dict[str, Record] = {header: {"title": header} for header in headers}
    known = own if aside is None else _indicators(aside)
    unknown = [header for header in headers if header not in known]
    if unknown:
        raise malformed(SUBJECT, found=f"the columns {sorted(known)!r:.200}", expected=f"also {unknown!r:.200}")
    rows = [known[header] for header in headers]
    said = {name: [_first(row, keys) for row in rows] for name, keys in _COLUMNS.items()}
    frame = pl.DataFrame({"header": headers, **said}, schema={"header": pl.String, **dict.fromkeys(said, pl.String())})
    return frame.with_columns(
        pl.coalesce("owid_variable_id", "header").alias("indicator"),
        pl.Series("released_at", [_updated(row) for row in rows], UTC),
    )


def _indicators(aside: bytes) -> Mapping[str, Record]:
    """By column header. A chart's metadata knows a column by its long name or its short one."""
    (given,) = records([json_of(aside, SUBJECT)], SUBJECT)
    if "resources" in given:
        schemas = inner(records(given["resources"], SUBJECT), "schema", SUBJECT)
        fields = [field for schema in schemas for field in records(schema.get("fields"), SUBJECT)]
        return {str(field.get("name")): field | _display(field) for field in fields}
    (columns,) = records([given.get("columns")], SUBJECT)
    described = dict(zip(columns, records(list(columns.values()), SUBJECT), strict=True))
    return {str(column.get("shortName")): column for column in described.values()} | described


def _display(field: Record) -> Record:
    """How the data package says that a field is to be shown: there, if anywhere, it has a unit."""
    shown = field.get("owidDisplaySettings")
    return {"unit": shown["unit"]} if isinstance(shown, dict) and shown.get("unit") else {}


def _first(row: Record, keys: Sequence[str]) -> str | None:
    return next((said for key in keys if (said := scalar(row, key, SUBJECT))), None)


def _updated(row: Record) -> datetime | None:
    said = scalar(row, "lastUpdated", SUBJECT)
    return moment(said, SUBJECT) if said else None
