"""The CSV of OECD.Stat software (OECD until 2024, UNESCO UIS), and the wide table that is made of it.

Codes and labels stand in two columns of nearly the same name, or codes alone; the figure is `Value`, the flag
`Flag Codes`; `Unit Code`, `PowerCode Code` and `Reference Period Code` are attributes. An observation is a row.
https://gitlab.com/sis-cc/dotstatsuite-documentation
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from datazones.dialects._sdmx_concepts import cube_of
from datazones.dialects._wire import csv_rows, header_of, line_end, malformed, pieces
from datazones.model import Cube, Hints

SUBJECT = "OECD.Stat CSV"
PIECE = 16 << 20

_VALUE, _FLAG_CODES, _FLAGS = "Value", "Flag Codes", "Flags"
_PERIODS = ("TIME", "YEA", "YEAR", "TIME_PERIOD")
_ATTRIBUTES = {"Unit Code": "UNIT_MEASURE", "PowerCode Code": "UNIT_MULT", "Reference Period Code": "BASE_PER"}
_MEASURE = "MEASURE"
_WIDE = ["LOCATION", "Country", "TIME"]


def recognises(line: str) -> bool:
    cells = [cell.strip('"') for cell in line.split(",")]
    return {_VALUE, _FLAG_CODES} <= {*cells} or (cells[:3] == _WIDE and len(cells) > 3 and _VALUE not in cells)


def read(text: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations, in pieces; ResponseMalformed where a row or a column is not what the header promises."""
    names = header_of(text, SUBJECT)
    if _VALUE not in names and names[:3] != _WIDE:
        raise malformed(SUBJECT, found=f"the columns {names}", expected=f"{_VALUE}, or figures beside {_WIDE}")
    for rows in pieces(text, line_end(text), PIECE):
        frame = csv_rows(rows, names, SUBJECT, empty=None)
        yield _long(frame, hints) if _VALUE in names else _from_wide(frame, hints)


def _long(frame: pl.DataFrame, hints: Hints) -> Cube:
    before = frame.columns[: frame.columns.index(_VALUE)]
    paired = _FLAGS in frame.columns
    codes = before[::2] if paired else before
    labels = dict(zip(codes, before[1::2], strict=False)) if paired else {}
    if paired and len(before) % 2:
        raise malformed(SUBJECT, found=f"the columns {frame.columns}", expected="each code followed by its label")
    period = next((name for name in codes if name in _PERIODS), None)
    dimensions = [name for name in codes if name not in _ATTRIBUTES and name != period]
    renamed = _ATTRIBUTES | {_VALUE: "OBS_VALUE", _FLAG_CODES: "OBS_STATUS", _FLAGS: "FLAGS"}
    rest = [name for name in frame.columns if name not in (*before, *renamed)]
    kept = [*codes, _VALUE, *(name for name in (_FLAG_CODES, _FLAGS) if name in frame.columns), *rest]
    renamed |= {period: "TIME_PERIOD"} if period else {}
    title = _title([labels[name] for name in dimensions if name in labels])
    return _cube(frame.select(*kept, *title).rename(renamed, strict=False), dimensions, hints)


def _from_wide(frame: pl.DataFrame, hints: Hints) -> Cube:
    """One row per figure; an empty cell of a wide table is no observation."""
    figures = frame.unpivot(index=_WIDE, variable_name=_MEASURE, value_name="OBS_VALUE").filter(
        pl.col("OBS_VALUE") != ""
    )
    named = figures.rename({"TIME": "TIME_PERIOD"}).with_columns(*_title(["Country", _MEASURE])).drop("Country")
    return _cube(named, ["LOCATION", _MEASURE], hints)


def _title(labels: list[str]) -> list[pl.Expr]:
    return [pl.concat_str(labels, separator="; ", ignore_nulls=True).alias("TITLE")] if labels else []


def _cube(frame: pl.DataFrame, dimensions: list[str], hints: Hints) -> Cube:
    return cube_of(frame, dimensions, of_series=(), names=(None, None), hints=hints, action="replace", released_at=None)
