"""Our World in Data: the CSV of a chart or of a data set, a row per entity and year or day, a column per indicator.

Dimensions `freq` (from the name of the time column), `entity` and, where there are several columns of figures,
`indicator`. An entity is its code, or its name where it has none (continents, income groups). The text of a header
changes between vintages, so it names no series where it can be helped: one column alone is no dimension, and with the
chart's `metadata.json` aside as 'metadata' an indicator is its `owidVariableId`. Metadata (or the `datapackage.json` of
a data set) also give `title`, `unit_measure` and the day of the last update. An empty cell is no observation. A column
without any digit, such as the continents that charts carry along, and annotations say something of an entity.

Read the same way: tidy tables headed `Country Name,Country Code,Year,Value`, as the World Bank's are re-published.
https://docs.owid.io/projects/etl/api/chart-api/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import polars as pl

from datazones import codes
from datazones.codes import Freq
from datazones.dialects._dimensions import lowered
from datazones.dialects._owid_metadata import SERIES_ATTRIBUTES, described
from datazones.dialects._wide import PIECE, figures
from datazones.dialects._wire import csv_rows, header_of, line_end, malformed, pieces, utf8
from datazones.model import Cube, Hints

SUBJECT = "OWID CSV"
AGENCY = "OWID"

_FIRST_LINE = re.compile(
    rb'(?:\xef\xbb\xbf)?"?(?:Entity"?,"?(?:Code"?,"?)?(?:Year|Day)"?,|Country Name"?,"?Country Code"?,"?Year"?,)',
    re.IGNORECASE,
)
_NAMING = {"entity": "entity_name", "country name": "entity_name", "code": "entity", "country code": "entity"}
_FREQS = {"year": Freq.A, "day": Freq.D}
_DIGIT = r"\d"
_ANNOTATIONS = re.compile(r".*annotations", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the header says: whose table it is, our names of its first columns, its frequency, its other columns."""

    agency_id: str
    naming: tuple[str, ...]
    freq: Freq
    rest: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        return [*self.naming, *self.rest]


def recognises(head: bytes) -> bool:
    return _FIRST_LINE.match(head) is not None


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The figures of the table. ResponseMalformed for another header, an uneven row, or metadata of another table."""
    text = utf8(body, SUBJECT)
    layout = _layout(header_of(text, SUBJECT), hints)
    tables = (csv_rows(rows, layout.columns, SUBJECT) for rows in pieces(text, line_end(text), PIECE))
    first = next(tables)
    texts = [name for name in layout.rest if _is_text(first[name])]
    told = described([name for name in layout.rest if name not in texts], hints.aside.get("metadata"))
    renamed = dict(zip(texts, lowered(texts, SUBJECT), strict=True))
    ours = {*layout.naming, "entity", "freq", "ref_area", *told.columns}
    if not told.height or ours & {*layout.rest, *renamed.values()}:
        raise malformed(
            SUBJECT, found=f"the columns {layout.rest!r:.200}", expected="figures, under names of their own"
        )
    for table in chain([first], tables):
        yield _cube(_with_texts(table, renamed), layout, told, hints)


def _layout(header: list[str], hints: Hints) -> _Layout:
    at = next((at for at, name in enumerate(header) if name.lower() in _FREQS), 0)
    naming = tuple(_NAMING.get(name.lower(), "") for name in header[:at])
    if naming not in (("entity_name",), ("entity_name", "entity")):
        raise malformed(SUBJECT, found=f"the header {header!r:.200}", expected="entity, perhaps its code, year or day")
    agency_id = AGENCY if header[0].lower() == "entity" else hints.agency_id or codes.UNKNOWN
    return _Layout(agency_id, (*naming, "time_period"), _FREQS[header[at].lower()], tuple(header[at + 1 :]))


def _is_text(cells: pl.Series) -> bool:
    """Whether a column says something of entities, and measures nothing."""
    if _ANNOTATIONS.fullmatch(cells.name):
        return True
    given = cells.filter(cells != "")
    figured = given.str.contains(_DIGIT) | given.cast(pl.Float64, strict=False).is_not_null()
    return given.len() > 0 and not figured.any()


def _with_texts(table: pl.DataFrame, texts: Mapping[str, str]) -> pl.DataFrame:
    """With what a text column says of an entity in one of its rows said in all of them."""
    for name, column in texts.items():
        if not _ANNOTATIONS.fullmatch(name) and table[name].str.contains(_DIGIT).any():
            raise malformed(SUBJECT, found=f"figures among the words in {name!r}", expected="one or the other")
        own = pl.col(name).replace("", None)
        anywhere = own.drop_nulls().first().over("entity_name")
        table = table.with_columns(own.fill_null(anywhere)).rename({name: column})
    return table


def _cube(table: pl.DataFrame, layout: _Layout, told: pl.DataFrame, hints: Hints) -> Cube:
    long = figures(table, told["header"].to_list(), ("",), over="header")
    frame = long.join(told, on="header", how="left", maintain_order="left").drop("header")
    entity = pl.col("entity_name")
    if "entity" in layout.naming:
        entity = pl.when(pl.col("entity") == "").then(entity).otherwise("entity")
    several = ("indicator",) if told.height > 1 else ()
    texts = sorted({*table.columns} - {*layout.naming, *told["header"]})
    return Cube(
        frame=frame.with_columns(
            entity.alias("entity"), entity.alias("ref_area"), pl.lit(layout.freq.value).alias("freq")
        ),
        dimensions=("freq", "entity", *several),
        agency_id=layout.agency_id,
        dataflow_id=hints.dataflow_id or codes.UNKNOWN,
        series_attributes=("indicator", "entity_name", *texts, *SERIES_ATTRIBUTES),
    )
