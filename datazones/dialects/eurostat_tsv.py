r"""Eurostat's tables with one row per series and one column per period: TSV, and its re-exports with commas.

The first cell of the header names the dimensions and, behind a backslash, what stands in the columns:
`freq,unit,geo\TIME_PERIOD`, before 2022 `unit,geo\time` without a frequency, which is then the period's. In a pivot
(`unit,time\geo`) the periods stand in the rows. A cell is a figure, one space and flags ("17151 b"); ":" marks a
missing figure, and only with flags (": c", ":c", ": @C") is it an observation. Flags are kept as one string; what
stands behind an "@" is the confidentiality and is `conf_status` as well.

The tables of an excessive deficit notification have a column per item and year instead (`country,revision_cause,
deficit_2003,...`): dimensions `freq`, `country`, `revision_cause`, `item`, with names for codes. No table says when it
was released: the feed's label `released_at` does.
https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-detailed-guidelines/sdmx2-1/data-query
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from datazones import codes
from datazones.dialects._dimensions import concepts, freq, lowered
from datazones.dialects._gzipped import beginning, plain
from datazones.dialects._sdmx_later import following, refusal
from datazones.dialects._wide import figures
from datazones.dialects._wire import csv_rows, header_of, line_end, malformed, pieces, utf8
from datazones.model import Cube, Hints

SUBJECT = "Eurostat TSV"
AGENCY = "ESTAT"
PIECE = 1 << 20
"""Bytes of a table that are taken apart at once; a cell takes five, and becomes fifty."""

__all__ = ["following", "read", "recognises"]

_FIRST_CELL = re.compile(rb'(?:\xef\xbb\xbf)?"?[A-Za-z]\w*(?:,[A-Za-z]\w*)*\\[A-Za-z]\w*"?[\t,]')
_NOTIFIED = re.compile(rb"(?:\xef\xbb\xbf)?country,revision_cause(?:,[a-z]+_\d{4})+\r?(?:\n|$)")
_ITEM = r"^(?<item>[a-z]+)_(?<time_period>\d{4})$"
_ITEM_AND_YEAR = "item_and_year"
_TIMES = ("time", "time_period")
_MISSING = (":", ": ", "", " ")
_FLAGGED = r"^(?<obs_value>:|[^ :]+) *(?<obs_status>[A-Za-z]*(?:@[A-Za-z]+)?)$"
_OF_OBSERVATIONS = ("time_period", "obs_value", "obs_status", "conf_status")


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the header says: the dimensions in each column that names a row, that of the other columns, their codes."""

    separator: str
    quoted: bool
    rows: tuple[tuple[str, ...], ...]
    over: str
    spans: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """A name for every column, no two the same."""
        return [*(",".join(names) for names in self.rows), *self.spans]


def recognises(head: bytes) -> bool:
    text = beginning(head)
    return bool(_FIRST_CELL.match(text) or _NOTIFIED.match(text))


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The figures and flags of the table. ResponseMalformed for what is no such table or has an uneven row."""
    if error := refusal(body):
        raise error
    text = utf8(plain(body, SUBJECT), SUBJECT)
    layout = _layout(text)
    for rows in pieces(text, line_end(text), PIECE):
        table = csv_rows(rows, layout.columns, SUBJECT, separator=layout.separator, quoted=layout.quoted)
        frame = _flagged(_long(table, layout))
        dimensions = tuple(name for name in frame.columns if name not in _OF_OBSERVATIONS)
        if "freq" not in dimensions and "time_period" in frame.columns:
            dimensions = ("freq", *dimensions)
            frame = frame.with_columns(freq(frame["time_period"]))
        yield Cube(
            frame=frame.with_columns(*concepts(dimensions)),
            dimensions=dimensions,
            agency_id=AGENCY,
            dataflow_id=hints.dataflow_id or codes.UNKNOWN,
        )


def _layout(text: bytes) -> _Layout:
    line = text[: line_end(text)]
    separator = "\t" if b"\t" in line else ","
    cells = [cell.strip(" ") for cell in header_of(line, SUBJECT, separator=separator)]
    if _NOTIFIED.match(line):
        rows, over = [[cell] for cell in cells[:2]], _ITEM_AND_YEAR
    else:
        rows, over = _named(cells)
    (over,) = _ids([over])
    quoted = separator == "," or b'"' in line
    layout = _Layout(separator, quoted, tuple(map(_ids, rows)), over, tuple(cells[len(rows) :]))
    names = [layout.over, *(name for names in layout.rows for name in names), *layout.spans]
    if len(set(names)) < len(names) or "" in names:
        raise malformed(SUBJECT, found=f"a name twice or none in the header {cells!r:.200}", expected="each once")
    return layout


def _named(cells: list[str]) -> tuple[list[list[str]], str]:
    """The dimensions of the columns up to the one with a backslash, and the dimension behind the backslash."""
    at = next((at for at, cell in enumerate(cells) if "\\" in cell), None)
    if at is None:
        raise malformed(SUBJECT, found=f"the header {cells!r:.200}", expected=r"a backslash, as in unit,geo\time")
    last, over = cells[at].split("\\", maxsplit=1)
    return [cell.split(",") for cell in (*cells[:at], last)], over


def _ids(names: list[str]) -> tuple[str, ...]:
    return tuple("time_period" if name.lower() in _TIMES else lowered([name], SUBJECT)[0] for name in names)


def _long(table: pl.DataFrame, layout: _Layout) -> pl.DataFrame:
    """One row per cell that is not merely missing."""
    naming = [_codes(table.to_series(at), names) for at, names in enumerate(layout.rows)]
    wide = pl.DataFrame([code for named in naming for code in named]).hstack(table[:, len(naming) :])
    long = figures(wide, layout.spans, _MISSING, over=layout.over)
    if layout.over != _ITEM_AND_YEAR:
        return long
    return long.with_columns(pl.col(layout.over).str.extract_groups(_ITEM).struct.unnest()).drop(layout.over)


def _codes(cells: pl.Series, names: Sequence[str]) -> list[pl.Series]:
    """The codes that are joined in a cell, a column each."""
    wrong = cells.filter(cells.str.count_matches(",", literal=True) != len(names) - 1) if len(names) > 1 else cells[:0]
    if wrong.len():
        raise malformed(SUBJECT, found=f"the row {wrong[0]!r:.100}", expected=f"a code for each of {', '.join(names)}")
    parts = cells.str.splitn(",", len(names)).struct.unnest()
    return [code.str.strip_chars(" ").alias(name) for code, name in zip(parts, names, strict=True)]


def _flagged(long: pl.DataFrame) -> pl.DataFrame:
    """With figures and flags apart. A cell that is neither stays whole, as a figure that conforming will refuse."""
    cells = long["obs_value"].str.strip_chars(" ")
    at = (cells.str.contains(" ", literal=True) | cells.str.starts_with(":")).arg_true()
    whole = cells.gather(at)
    parts = whole.str.extract_groups(_FLAGGED).struct.unnest()
    figure = parts["obs_value"].fill_null(whole).replace(":", None)
    status = pl.Series("obs_status", [None], pl.String).new_from_index(0, cells.len())
    frame = long.with_columns(cells.scatter(at, figure), status.scatter(at, parts["obs_status"].replace("", None)))
    confidential = frame["obs_status"].str.extract("@(.+)$").alias("conf_status")
    frame = frame.with_columns(confidential) if confidential.null_count() < frame.height else frame
    return frame.filter(pl.any_horizontal(pl.col("obs_value", "obs_status").is_not_null()))
