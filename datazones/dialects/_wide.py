"""What tables with one column per period share: lines before the header, cutting, and turning figures into rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from datazones.dialects._wire import cells_of, csv_rows, header_of, line_end, malformed, pieces

PIECE = 1 << 20
"""Bytes of a table that are taken apart at once, so that memory stays near the size of the table."""

_MOST_PREAMBLE = 40
_NTH = ":nth"
"""The column of row numbers; no provider writes a header like it."""


def parted(text: bytes, subject: str, is_header: Callable[[Sequence[str]], bool]) -> tuple[list[list[str]], int]:
    """The cells of the lines before the header, and where the header begins."""
    said: list[list[str]] = []
    start = 0
    while start < len(text) and len(said) < _MOST_PREAMBLE:
        end = line_end(text, start)
        cells = cells_of(text[start:end].decode().rstrip("\r\n"), subject)
        if is_header(cells):
            return said, start
        said.append(cells)
        start = end
    raise malformed(
        subject, found=f"no header in {text[:60]!r}", expected=f"a header in the first {_MOST_PREAMBLE} lines"
    )


def tables(text: bytes, start: int, subject: str) -> Iterator[pl.DataFrame]:
    """A CSV table whose header begins at `start`, in pieces of about `PIECE` bytes, all cells as text."""
    end = line_end(text, start)
    names = header_of(text[start:end], subject)
    for rows in pieces(text, end, PIECE):
        yield csv_rows(rows, names, subject)


def figures(
    table: pl.DataFrame, spans: Sequence[str], missing: Sequence[str], *, over: str = "time_period"
) -> pl.DataFrame:
    """One row per figure, row by row of the table: the other columns, then `over` (a span's name) and `obs_value`."""
    cells = (
        table.select(spans)
        .with_row_index(_NTH)
        .unpivot(index=_NTH, variable_name=over, value_name="obs_value")
        .cast({"obs_value": pl.String})
        .filter(~pl.col("obs_value").is_in(missing))
        .sort(_NTH, maintain_order=True)
    )
    return table.drop(spans)[cells[_NTH]].hstack(cells.drop(_NTH))


def without_end(table: pl.DataFrame, subject: str) -> pl.DataFrame:
    """The table without the nameless column that a comma at the end of every line makes."""
    if "" not in table.columns:
        return table
    if (table[""] != "").any():
        raise malformed(subject, found="cells beyond the last named column", expected="nothing after the last comma")
    return table.drop("")
