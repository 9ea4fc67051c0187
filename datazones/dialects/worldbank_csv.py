"""World Bank bulk CSV: one row per area and indicator, one column per year, as a file or as the provider's zip.

Lines with the database and the day of the last update come first; every line ends in a comma. Dimensions are those of
`worldbank_json`, so that both give the same series keys: `freq` (from the period), `indicator`, `ref_area`. An empty
cell is no observation: the format has no flags. The country list (in the zip, or aside as 'metadata') gives each series
its `area_kind`, `area_group`, `income_level` and `area_notes`, the zip's list of indicators `indicator_notes` and
`indicator_origin`. An area without a region is an aggregate.
https://datahelpdesk.worldbank.org/knowledgebase/articles/889392-about-the-indicators-api-documentation
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from datazones import codes
from datazones.dialects._dimensions import freq
from datazones.dialects._wide import figures, parted, tables, without_end
from datazones.dialects._wire import csv_frame, malformed, utf8
from datazones.dialects._worldbank import AGENCY, DIMENSIONS, area_kind, beside, release_day
from datazones.dialects._zipped import files, is_zip, names
from datazones.model import Cube, Hints

SUBJECT = "World Bank CSV"

_FIRST_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?(?:Data Source"?,|Country Name"?,"?Country Code"?,"?Indicator Name)')
_LIST_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?(?:Country Code"?,"?Region|INDICATOR_CODE"?,)')
_NAME = re.compile(r"(?:API|Metadata_Country|Metadata_Indicator)_[^/]*\.csv")

_COLUMNS = {
    "Country Name": "area_name",
    "Country Code": "ref_area",
    "Indicator Name": "title",
    "Indicator Code": "indicator",
}
_OF_AREAS = {
    "Country Code": "ref_area",
    "Region": "area_group",
    "IncomeGroup": "income_level",
    "SpecialNotes": "area_notes",
}
_OF_INDICATORS = {
    "INDICATOR_CODE": "indicator",
    "SOURCE_NOTE": "indicator_notes",
    "SOURCE_ORGANIZATION": "indicator_origin",
}
_SERIES_ATTRIBUTES = (
    "data_source",
    "area_name",
    "area_kind",
    *[*_OF_AREAS.values()][1:],
    *[*_OF_INDICATORS.values()][1:],
)


def recognises(head: bytes) -> bool:
    if is_zip(head):
        return any(_NAME.fullmatch(name) for name in names(head))
    return bool(_FIRST_LINE.match(head) or _LIST_LINE.match(head))


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The figures of the table, or of every table in the zip. ResponseMalformed where there are only lists."""
    inside = files(body, SUBJECT) if is_zip(body) else {"": body}
    texts = [utf8(text, f"{SUBJECT} {name}".rstrip()) for name, text in inside.items()]
    data = [text for text in texts if not _LIST_LINE.match(text)]
    if not data:
        raise malformed(SUBJECT, found="lists of areas or indicators", expected="a table with observations")
    aside = [utf8(hints.aside["metadata"], SUBJECT)] if "metadata" in hints.aside else []
    lists = [_listed(text) for text in [*texts, *aside] if _LIST_LINE.match(text)]
    for text in data:
        yield from _cubes(text, lists, hints)


def _cubes(text: bytes, lists: Sequence[pl.DataFrame], hints: Hints) -> Iterator[Cube]:
    before, start = parted(text, SUBJECT, lambda cells: _COLUMNS.keys() <= set(cells))
    said = {cells[0]: cells[1] for cells in before if len(cells) > 1}
    updated = said.get("Last Updated Date")
    released_at: datetime | None = release_day(updated, SUBJECT) if updated else None
    for piece in tables(text, start, SUBJECT):
        frame = _long(piece).with_columns(pl.lit(said.get("Data Source"), pl.String).alias("data_source"))
        for listed in lists:
            frame = beside(frame, listed, SUBJECT)
        yield Cube(
            frame=frame,
            dimensions=DIMENSIONS,
            agency_id=AGENCY,
            dataflow_id=hints.dataflow_id or codes.UNKNOWN,
            series_attributes=_SERIES_ATTRIBUTES,
            released_at=released_at,
        )


def _long(table: pl.DataFrame) -> pl.DataFrame:
    spans = [name for name in without_end(table, SUBJECT).columns if name not in _COLUMNS]
    long = figures(table.select(*_COLUMNS, *spans).rename(_COLUMNS), spans, missing=("",))
    return long.with_columns(freq(long["time_period"]))


def _listed(text: bytes) -> pl.DataFrame:
    """One row per code of a list that comes with the table: the code, then what is said of it."""
    table = without_end(csv_frame(text, f"{SUBJECT}, metadata"), SUBJECT)
    wanted = _OF_AREAS if "Region" in table.columns else _OF_INDICATORS
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise malformed(f"{SUBJECT}, metadata", found=f"the columns {table.columns}", expected=f"also {missing}")
    listed = table.select(*wanted).rename(wanted)
    return listed.with_columns(area_kind(pl.col("area_group") == "")) if wanted is _OF_AREAS else listed
