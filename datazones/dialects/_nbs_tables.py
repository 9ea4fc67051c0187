"""The tables that NBS China hands out as files: lines above, header, rows, notes below. Only text here, no figures."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from datazones.dialects._nbs import SUBJECT
from datazones.dialects._wire import malformed, utf8
from datazones.dialects._workbook import is_workbook, rows

AREA, INDICATOR, PERIOD, DATABASE = "地区", "指标", "年份", "数据库"
DOWN = ("province", "year", "chn_block4", "value", "units", "variables")
"""The header of a table with one figure a row."""

_ENCODING = "gb18030"
_START = re.compile(rf'"?(?:{DATABASE}|{INDICATOR}|{AREA}|时间)"?[：:,]')
_ABOVE = re.compile(rf"(?P<what>{DATABASE}|{INDICATOR}|{AREA}|时间)[：:](?P<said>.*)")
_NOTE = re.compile(r"注[：:]|数据来源|\s")
_FIGURE = re.compile(r"-?[\d,]+(?:\.\d+)?")
_Row = Sequence[str]


class Table(NamedTuple):
    """`above` is what the lines above the header say, by their first word; `cells` has the header as column names."""

    above: Mapping[str, str]
    cells: pl.DataFrame
    note: str | None


def recognises(head: bytes) -> bool:
    encodings = ("utf-16",) if head[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", _ENCODING)
    return is_workbook(head) or any(_START.match(head[:80].decode(encoding, "ignore")) for encoding in encodings)


def table(body: bytes) -> Table:
    """The table in a CSV file or a spreadsheet. ResponseMalformed when a line of it cannot be told for what it is."""
    grid = rows(body, SUBJECT) if is_workbook(body) else _csv(body)
    nth = next((nth for nth, row in enumerate(grid) if _is_header(row)), None)
    if nth is None:
        raise malformed(SUBJECT, found=f"no header in {grid[:3]!r:.200}", expected=f"{AREA} or {INDICATOR} and periods")
    below = [row for row in grid[nth + 1 :] if any(row)]
    end = next((end for end, row in enumerate(below) if _NOTE.match(row[0])), len(below))
    return Table(dict(map(_above, filter(any, grid[:nth]))), _cells(grid[nth], below[:end]), _note(below[end:]))


def _csv(body: bytes) -> list[list[str]]:
    text = utf8(body, SUBJECT, fallbacks=(_ENCODING,)).decode()
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise malformed(SUBJECT, found=f"{error} in {text[:60]!r}", expected="well-formed CSV") from error


def _is_header(row: _Row) -> bool:
    return tuple(row) == DOWN or (len(row) > 1 and row[0] in (AREA, INDICATOR))


def _above(row: _Row) -> tuple[str, str]:
    found = _ABOVE.fullmatch(row[0])
    if found is None or any(row[1:]):
        raise malformed(
            SUBJECT, found=f"{row!r:.200} above the header", expected="lines such as 指标：地区生产总值(亿元)"
        )
    return found["what"], found["said"].strip()


def _cells(header: _Row, data: list[list[str]]) -> pl.DataFrame:
    if len(set(header)) < len(header) or "" in header:
        raise malformed(SUBJECT, found=f"the header {header!r:.200}", expected="every column named, and once")
    ragged = next((row for row in data if len(row) != len(header)), None)
    if ragged is not None:
        raise malformed(SUBJECT, found=f"{len(ragged)} cells in {ragged!r:.200}", expected=f"{len(header)} cells")
    return pl.DataFrame(data, schema=dict.fromkeys(header, pl.String), orient="row")


def _note(notes: list[list[str]]) -> str | None:
    """What is said below the rows. Figures there would be lost, so they are refused."""
    lost = next((row for row in notes if any(map(_FIGURE.fullmatch, row[1:]))), None)
    if lost is not None:
        raise malformed(SUBJECT, found=f"figures below the notes: {lost!r:.200}", expected="rows above, notes below")
    return "\n".join(",".join(filter(None, row)).strip() for row in notes) or None
