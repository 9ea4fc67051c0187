"""Spreadsheets (xlsx, xls) as rows of text. Nothing here knows a provider.

A hostile xls can make the reader turn in a circle of sectors and take memory without end: `datazones.staging` bounds
that, as it does for every other parser.
"""

from __future__ import annotations

import re

import fastexcel
import polars as pl

from datazones.dialects._wire import malformed
from datazones.dialects._zipped import files, is_zip, names

_XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHEET = re.compile(r"xl/worksheets/.*\.xml")
_ERROR_IN_XLSX = re.compile(rb"<c\b[^>]*\bt=[\"']e[\"']")
_ERROR_IN_XLS = re.compile(rb"\x05\x02\x08\x00.{7}\x01", re.DOTALL)
"""The record BoolErr of a cell, with the mark that it holds an error and not a truth."""


def is_workbook(head: bytes) -> bool:
    """Whether an answer that begins so is a spreadsheet; other zip archives are none."""
    return head.startswith(_XLS) or any(name.startswith("xl/") for name in names(head))


def rows(body: bytes, subject: str) -> list[list[str]]:
    """The rows of the one sheet that has any, '' where a cell is empty; all of them are of one length.

    ResponseMalformed for what cannot be opened (encrypted, damaged, a bomb), for several sheets, and for cells with
    spreadsheet errors such as #N/A, which the reader would show as empty.
    """
    _refuse_errors(body, subject)
    filled = [sheet for sheet in _sheets(body, subject) if sheet.height]
    if len(filled) != 1:
        raise malformed(subject, found=f"{len(filled)} sheets with cells", expected="one")
    return [list(row) for row in filled[0].fill_null("").rows()]


def _sheets(body: bytes, subject: str) -> list[pl.DataFrame]:
    """Every sheet, all cells as text. The reader panics on some damaged files, which is no Exception."""
    try:
        book = fastexcel.read_excel(body)
        loaded = (book.load_sheet(name, header_row=None, dtypes="string") for name in book.sheet_names)
        return [sheet.to_polars() if sheet.total_height else pl.DataFrame() for sheet in loaded]
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            said = str(error).partition("\n")[0]
            raise malformed(
                subject, found=f"a spreadsheet that cannot be opened: {said:.200}", expected="xls or xlsx"
            ) from error
        raise


def _refuse_errors(body: bytes, subject: str) -> None:
    if is_zip(body):
        broken = any(
            _ERROR_IN_XLSX.search(file) for name, file in files(body, subject).items() if _SHEET.fullmatch(name)
        )
    else:
        broken = _ERROR_IN_XLS.search(body) is not None
    if broken:
        raise malformed(
            subject, found="a cell with a spreadsheet error such as #N/A", expected="figures or empty cells"
        )
