"""The IMF's World Economic Outlook by countries or by groups: text with tabs, although the file is called .xls.

ASCII, Latin-1 or UTF-16, as the edition has it. One row per series, one column per year, rows cut after their last
cell, a last line that names the edition. Dimensions: `freq` (A), the code of the country or the group, the subject;
`ref_area` is the ISO code, for groups their own. "n/a", "--" and an empty cell are no observation: there are no flags.
Years after `estimates_start_after` are the staff's estimates; the file says so of the series, and so do we.
`unit_mult` is the power of ten that the column Scale names.
https://www.imf.org/en/Publications/SPROLLs/world-economic-outlook-databases
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator

import polars as pl

from datazones.dialects._wide import figures
from datazones.dialects._wire import malformed, utf8
from datazones.errors import UnknownCode
from datazones.model import Cube, Hints

SUBJECT = "WEO text"

_FIRST = re.compile(rb'"?WEO Country (?:Group )?Code"?\t')
_YEAR = re.compile(r"\d{4}")
_THOUSANDS = r"^-?\d{1,3}(,\d{3})+(\.\d+)?$"
_MISSING = ("", "n/a", "--")
_EDITION = "International Monetary Fund"
_AREAS = {"WEO Country Code": "weo_country_code", "WEO Country Group Code": "weo_country_group_code"}
_COLUMNS = _AREAS | {
    "ISO": "ref_area",
    "WEO Subject Code": "weo_subject_code",
    "Country": "area_name",
    "Country Group Name": "area_name",
    "Subject Descriptor": "title",
    "Subject Notes": "subject_notes",
    "Units": "unit_measure",
    "Scale": "unit_mult",
    "Country/Series-specific Notes": "series_notes",
    "Series-specific Notes": "series_notes",
    "Estimates Start After": "estimates_start_after",
}
_SCALES = {"": None, "Units": "0", "Thousands": "3", "Millions": "6", "Billions": "9", "Trillions": "12"}


def recognises(head: bytes) -> bool:
    """UTF-16 shows as the same letters with zeros between."""
    return _FIRST.match(head[:200].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")) is not None


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The figures of one edition. ResponseMalformed for a row longer than the header or a column that is not known."""
    marked = codecs.BOM_UTF16_LE + body if body[1:2] == b"\0" else body
    text = utf8(marked, SUBJECT, fallbacks=("cp1252", "latin-1")).decode()
    header, rows, edition = _rows(text)
    spans = [name for name in header if _YEAR.fullmatch(name)]
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    table = pl.DataFrame([pl.Series(name, cells, pl.String) for name, cells in zip(header, columns, strict=True)])
    area = next(code for name, code in _AREAS.items() if name in header)
    yield Cube(
        frame=_described(figures(table.rename(_COLUMNS, strict=False), spans, _MISSING), area, edition),
        dimensions=("freq", area, "weo_subject_code"),
        agency_id="IMF",
        dataflow_id=hints.dataflow_id or "WEO",
        series_attributes=("area_name", "subject_notes", "series_notes", "estimates_start_after", "edition"),
    )


def _rows(text: str) -> tuple[list[str], list[list[str]], str | None]:
    """The header, the rows filled up to its length, and the line that names the edition."""
    try:
        cut = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
        lines = [cells for cells in cut if any(cells)]
    except csv.Error as error:
        raise malformed(SUBJECT, found=str(error), expected="cells between tabs") from error
    header = _checked(lines[0] if lines else [])
    last = lines[-1]
    edition = lines.pop()[0] if last[0].startswith(_EDITION) and not any(last[1:]) else None
    longest = max(map(len, lines))
    if longest > len(header):
        raise malformed(SUBJECT, found=f"a row of {longest} cells", expected=f"at most {len(header)}, as in the header")
    return header, [cells + [""] * (len(header) - len(cells)) for cells in lines[1:]], edition


def _checked(header: list[str]) -> list[str]:
    strange = [name for name in header if name not in _COLUMNS and not _YEAR.fullmatch(name)]
    ours = [_COLUMNS.get(name, name) for name in header]
    areas = sum(name in _AREAS for name in header)
    if strange or len(set(ours)) < len(ours) or areas != 1 or "WEO Subject Code" not in header:
        raise malformed(
            SUBJECT,
            found=f"the header {strange or header}"[:200],
            expected="years and " + ", ".join(_COLUMNS) + ", each at most once, with one code of the area",
        )
    return header


def _described(frame: pl.DataFrame, area: str, edition: str | None) -> pl.DataFrame:
    plain = pl.col("obs_value")
    without = plain.str.replace_all(",", "", literal=True)
    extra = [] if "ref_area" in frame.columns else [pl.col(area).alias("ref_area")]
    scaled = [_unit_mult(frame["unit_mult"])] if "unit_mult" in frame.columns else []
    return frame.with_columns(
        pl.lit("A").alias("freq"),
        pl.lit(edition, pl.String).alias("edition"),
        pl.col(area, "weo_subject_code").replace("", None),
        pl.when(plain.str.contains(_THOUSANDS)).then(without).otherwise(plain).alias("obs_value"),
        *extra,
        *scaled,
    )


def _unit_mult(scale: pl.Series) -> pl.Series:
    unknown = [word for word in scale.unique() if word not in _SCALES]
    if unknown:
        raise UnknownCode(
            f"{SUBJECT}, Scale",
            found=repr(unknown[0]),
            expected="one of " + ", ".join(map(repr, _SCALES)),
            next_step="teach the dialect which power of ten this word is",
        )
    return scale.replace_strict(_SCALES, return_dtype=pl.String)
