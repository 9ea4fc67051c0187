"""World Bank Indicators API v2, JSON: one page `[header, rows]` of one or more indicators.

Dimensions `freq` (from the period), `indicator`, `ref_area` (the three-letter code, else the area's own id).
A row without a figure is an observation without a value; `obs_status` "F" marks a forecast. Aggregates such as "WLD"
stand among the countries; with the country list aside as 'metadata' each series says which it is.
https://datahelpdesk.worldbank.org/knowledgebase/articles/889392-about-the-indicators-api-documentation
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from datazones import codes
from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from datazones.dialects._dimensions import freq
from datazones.dialects._records import Record, count, figures, inner, optional, records, required, scalar, text
from datazones.dialects._wire import json_of, malformed, utf8
from datazones.dialects._worldbank import AGENCY, DIMENSIONS, area_kind, beside, release_day
from datazones.dialects._worldbank_rows import by_heart
from datazones.errors import PagesShifted, ProviderRefused, ProviderUnavailable
from datazones.model import Cube, Hints, Request

SUBJECT = "World Bank JSON"
MOST_PAGES = 100_000
"""More pages than any question to this provider has; a header that announces more is not believed."""

_RECOGNISED = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[\s*\{\s*(?:"message"\s*:\s*\[|[^{}]*"per_page"\s*:)')
_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*(\{[^{}]*\})\s*,")
_BEFORE_ROWS = re.compile(rb"\[(\{[^{}]*\}),\[\{")
_AFTER_ROWS = b"}]]"
_ROW = re.compile(rb'"indicator"\s*:\s*\{')
_UNAVAILABLE = "105"
_OPTIONAL = {
    "countryiso3code": "countryiso3code",
    "unit_measure": "unit",
    "obs_status": "obs_status",
    "decimals": "decimal",
}
_KNOWN = {"indicator", "country", "date", "value", *_OPTIONAL.values()}
_OF_AREAS = {"area_group": "region", "income_level": "incomeLevel", "lending_type": "lendingType"}
_SERIES_ATTRIBUTES = ("sourceid", "area_id", "area_name", "area_kind", *_OF_AREAS)
_OURS = {*OBSERVATION_SCHEMA, *SERIES_SCHEMA, *DIMENSIONS, *_SERIES_ATTRIBUTES, *_OPTIONAL}


@dataclass(frozen=True, slots=True)
class _Header:
    """The first half of a page; numbers come as numbers or as text, some fields only with data."""

    page: int
    pages: int
    total: int
    lastupdated: str | None
    sourceid: str | None


def recognises(head: bytes) -> bool:
    return _RECOGNISED.match(head) is not None


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations of one page; nothing where the page is empty.

    ProviderRefused for the error that travels inside a 200, ResponseMalformed for a list of countries, indicators or
    sources, which has no observations.
    """
    header, columns = _columns_of(body)
    if columns is None:
        return
    frame = _frame(columns).with_columns(pl.lit(header.sourceid, pl.String).alias("sourceid"))
    aside = hints.aside.get("metadata")
    yield Cube(
        frame=beside(frame, _areas(aside), SUBJECT) if aside else frame,
        dimensions=DIMENSIONS,
        agency_id=AGENCY,
        dataflow_id=hints.dataflow_id or codes.UNKNOWN,
        series_attributes=_SERIES_ATTRIBUTES,
        released_at=release_day(header.lastupdated, SUBJECT) if header.lastupdated else None,
    )


def following(request: Request, body: bytes) -> tuple[Request, ...]:
    """The other pages of the answer whose first page is `body`."""
    header, _ = _page(body)
    if header.pages > MOST_PAGES:
        raise malformed(SUBJECT, found=f"{header.pages} pages", expected=f"at most {MOST_PAGES}")
    kept = tuple((name, text) for name, text in request.params if name != "page")
    return tuple(replace(request, params=(*kept, ("page", str(page)))) for page in range(2, header.pages + 1))


def whole(bodies: Sequence[bytes]) -> None:
    """PagesShifted unless every page is here once, all are of one state, and their rows are as many as announced."""
    headers = [_header_of(body) for body in bodies]
    rows = sum(len(_ROW.findall(body)) for body in bodies)
    found = sorted(header.page for header in headers)
    announced = {(header.pages, header.total, header.lastupdated) for header in headers}
    pages, total, _ = min(announced, key=repr)
    if len(announced) == 1 and rows == total and (found == [*range(1, pages + 1)] or not total):
        return
    states = sorted({f"{header.total} rows as of {header.lastupdated}" for header in headers})
    raise PagesShifted(
        SUBJECT,
        found=f"{rows} rows on the pages {found}, which announce {' and '.join(states)}",
        expected=f"each of {pages} pages once, with the rows of one state of the table",
        next_step="ask again from the first page; the table was probably replaced in between",
    )


def _header_of(body: bytes) -> _Header:
    """The header alone: to look at it again, the rows need not be parsed again."""
    match = _HEADER.match(body)
    return _header(json_of(match[1], SUBJECT)) if match else _page(body)[0]


def _columns_of(body: bytes) -> tuple[_Header, pl.DataFrame | None]:
    """The header and the columns of the rows; no columns where there are no rows."""
    beginning = _BEFORE_ROWS.match(body)
    if beginning and body.endswith(_AFTER_ROWS):
        columns = by_heart(utf8(body, SUBJECT)[beginning.end() : -len(_AFTER_ROWS)])
        if columns is not None:
            return _header(json_of(beginning[1], SUBJECT)), columns
    header, rows = _page(body)
    return header, pl.DataFrame([*_columns(rows), *_further(rows)]) if rows else None


def _page(body: bytes) -> tuple[_Header, list[Record]]:
    parsed = json_of(body, SUBJECT)
    match parsed:
        case [{"message": messages}]:
            raise _refusal(records(messages, SUBJECT))
        case [header, None]:
            return _header(header), []
        case [header, rows]:
            return _header(header), records(rows, SUBJECT)
    raise malformed(SUBJECT, found=f"{parsed!r:.80}", expected="[header, rows]")


def _refusal(messages: Sequence[Record]) -> ProviderRefused | ProviderUnavailable:
    kind = ProviderUnavailable if any(each.get("id") == _UNAVAILABLE for each in messages) else ProviderRefused
    return kind(
        SUBJECT,
        found="the error " + "; ".join(f"{m.get('id')} {m.get('key')}: {m.get('value')}" for m in messages)[:400],
        expected="observations",
        next_step="check the indicator, area and date of the question against the provider's lists",
    )


def _header(given: object) -> _Header:
    (header,) = records([given], SUBJECT)
    page, pages, total = (count(header, key, SUBJECT) for key in ("page", "pages", "total"))
    lastupdated, sourceid = (scalar(header, key, SUBJECT) for key in ("lastupdated", "sourceid"))
    return _Header(page, pages, total, lastupdated, sourceid)


def _frame(columns: pl.DataFrame) -> pl.DataFrame:
    own = pl.col("countryiso3code")
    return columns.with_columns(
        pl.when(own != "").then(own).otherwise("area_id").replace("", None).alias("ref_area"),
        pl.col("unit_measure", "obs_status", "decimals").replace("", None),
        freq(columns["time_period"]),
    ).drop("countryiso3code")


def _columns(rows: list[Record]) -> Iterator[pl.Series]:
    indicator, area = inner(rows, "indicator", SUBJECT), inner(rows, "country", SUBJECT)
    yield text("indicator", required(indicator, "id", SUBJECT), SUBJECT)
    yield text("title", optional(indicator, "value"), SUBJECT)
    yield text("area_id", required(area, "id", SUBJECT), SUBJECT)
    yield text("area_name", optional(area, "value"), SUBJECT)
    yield text("time_period", required(rows, "date", SUBJECT), SUBJECT)
    yield figures(required(rows, "value", SUBJECT), SUBJECT)
    for name, key in _OPTIONAL.items():
        yield text(name, optional(rows, key), SUBJECT)


def _further(rows: list[Record]) -> Iterator[pl.Series]:
    """Keys this provider may come to add: kept as attributes of the observation, unless they take a name of ours."""
    taken = set(_OURS)
    for key in sorted(set().union(*rows) - _KNOWN):
        name = key.lower()
        if name in taken:
            raise malformed(SUBJECT, found=f"rows with the key {key!r}", expected=f"the keys {sorted(_KNOWN)}")
        taken.add(name)
        yield text(name, optional(rows, key), SUBJECT)


def _areas(country_list: bytes) -> pl.DataFrame:
    """One row per area of the provider's country list: a country, or an aggregate, which has no region of its own."""
    subject = f"{SUBJECT}, metadata"
    header, rows = _page(country_list)
    if header.total != len(rows):
        raise malformed(subject, found=f"{len(rows)} of {header.total} areas", expected="all areas on one page")
    said = {name: inner(rows, key, subject) for name, key in _OF_AREAS.items()}
    columns = [text(name, required(objects, "id", subject), subject) for name, objects in said.items()]
    areas = pl.DataFrame([text("ref_area", required(rows, "id", subject), subject), *columns])
    return areas.with_columns(area_kind(pl.col("area_group") == "NA"))
