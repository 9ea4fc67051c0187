"""SDMX-CSV 1.0 and 2.0: one row per observation, with codes, labels or both.

Read as the services of Eurostat, OECD, ECB, BIS, IMF, ILO and UNICEF write it, and with it the CSV of OECD.Stat, which
they used before (`_oecd_stat`). Dimensions are those of the structure message beside the data
(`Hints.aside['structure']`), else the columns before TIME_PERIOD. A row without a figure is an observation without a
value. Eurostat's LAST UPDATE, in the time of Luxembourg, is `released_at`; labels of dimensions become `title`; rows of
action D take observations back.
https://github.com/sdmx-twg/sdmx-csv/blob/master/data-message/docs/sdmx-csv-field-guide.md
https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-detailed-guidelines/sdmx2-1
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from datazones.dialects import _oecd_stat
from datazones.dialects._gzipped import beginning, plain
from datazones.dialects._sdmx_concepts import ALIASES, cube_of
from datazones.dialects._sdmx_csv_header import (
    ACTION,
    FLOWS,
    KEY,
    LABEL,
    SUBJECT,
    TIME,
    UPDATE,
    VALUE,
    Header,
    header_of,
    separator_of,
)
from datazones.dialects._sdmx_csv_rows import action_of, settled
from datazones.dialects._sdmx_csv_structure import structure_of
from datazones.dialects._sdmx_later import following, refusal
from datazones.dialects._wire import ahead, csv_rows, line_end, malformed, pieces, text_line, utf8
from datazones.model import Cube, Hints

PIECE = 8 << 20
"""Bytes that are taken apart at once: enough to be fast, few enough for the allocator to use its memory again."""

__all__ = ["following", "read", "recognises"]

_FLOW = re.compile(r"(?:.*=)?(?:([^:=]+):)?([^:()$=]+)(?:\$\w+)?(?:\([^()]*\))?(?:: .*)?", re.DOTALL)
_CODED = {name for concept, names in ALIASES.items() for name in (concept, *names)} - {
    "title",
    "comment_obs",
    "obs_com",
}
_ZONE = "Europe/Luxembourg"


class _Told(NamedTuple):
    """What the columns about a row say: whose it is, when it was released, and whether it is taken back."""

    agency_id: str | None
    dataflow_id: str | None
    released_at: datetime | None
    action: str | None


def recognises(head: bytes) -> bool:
    line = text_line(beginning(head))
    return separator_of(line) is not None or _oecd_stat.recognises(line)


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations in pieces. ResponseMalformed, StructureChanged or UnknownCode where one would be lost."""
    if error := refusal(body):
        raise error
    text = utf8(plain(body, SUBJECT), SUBJECT)
    start = line_end(text)
    line = text[:start].decode().rstrip("\r\n")
    if _oecd_stat.recognises(line):
        yield from _oecd_stat.read(text, hints)
        return
    header = _header(line, text[start : line_end(text, start)].decode(), hints)
    parts = pieces(text, start, PIECE)
    frames = (csv_rows(rows, header.columns, SUBJECT, separator=header.separator, empty=None) for rows in parts)
    whole = len(text) - start <= PIECE
    for frame in frames if whole else ahead(frames):
        yield from _cubes(frame, header, hints, whole=whole)


def _header(line: str, first_row: str, hints: Hints) -> Header:
    separator = separator_of(line)
    if separator is None:
        raise malformed(SUBJECT, found=f"the first line {line[:60]!r}", expected="a header of SDMX-CSV")
    flow = next((cell for cell in first_row.split(separator) if ":" in cell), "")
    aside = hints.aside.get("structure")
    return header_of(line, separator, structure_of(aside, _flow(flow.strip('"'))[1]) if aside else None)


def _cubes(frame: pl.DataFrame, header: Header, hints: Hints, *, whole: bool) -> Iterator[Cube]:
    """One cube for the rows of each dataflow, update and action; usually that is all of them."""
    if KEY in header.about:
        frame = frame.with_columns(pl.col(KEY).str.extract("^([^.]*)[.]"))
    telling = [name for name in (*FLOWS, KEY, UPDATE, ACTION) if name in header.about]
    apart = [name for name in telling if not _constant(frame[name])]
    for part in frame.partition_by(apart, maintain_order=True) if apart else [frame]:
        told = _told({name: part[name][0] if part.height else None for name in telling})
        rows = settled(part, header, told.action, whole=whole) if ACTION in header.about else part
        yield cube_of(
            _components(rows, header, keep_update=told.released_at is None),
            header.dimensions,
            of_series={*header.of_series, UPDATE},
            names=(told.agency_id, told.dataflow_id),
            hints=hints,
            action=action_of(told.action),
            released_at=told.released_at,
        )


def _constant(column: pl.Series) -> bool:
    same = column.null_count() in (0, column.len()) and (column.len() < 2 or (column == column[0]).all())
    return bool(same)


def _told(said: dict[str, str | None]) -> _Told:
    agency_id, dataflow_id = _flow(next((said[name] or "" for name in FLOWS if name in said), ""))
    return _Told(agency_id, dataflow_id or said.get(KEY), _released(said.get(UPDATE)), said.get(ACTION))


def _flow(text: str) -> tuple[str | None, str | None]:
    """Agency and id of a dataflow out of `ESTAT:LFSA_ARGAN$DEFAULTVIEW(1.0)`, with or without a label or a URN."""
    match = _FLOW.fullmatch(text)
    return (match[1], match[2]) if match else (None, text or None)


@lru_cache
def _released(update: str | None) -> datetime | None:
    """Eurostat's dd/mm/yy hh:mm:ss; None for another notation, which then stays an attribute."""
    texts = pl.Series([update], dtype=pl.String)
    local = texts.str.to_datetime("%d/%m/%y %H:%M:%S", time_unit="us", strict=False)
    utc = local.dt.replace_time_zone(_ZONE, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC")
    found: datetime | None = utc[0]
    return found


def _components(frame: pl.DataFrame, header: Header, *, keep_update: bool) -> pl.DataFrame:
    """The columns of the structure under their ids, codes without labels, and a title out of the labels."""
    kept = [*header.dimensions, *([header.time] if header.time else []), *header.attributes]
    if keep_update and UPDATE in header.about:
        kept.append(UPDATE)
    renamed = {header.measure: VALUE} | ({header.time: TIME} if header.time else {})
    coded = [name for name in kept if name in (*header.dimensions, header.time) or name.lower() in _CODED]
    return (
        frame.select(*kept, _figures(frame[header.measure], header.separator), *_title(header))
        .with_columns(_code(name) for name in (coded if header.with_labels else []))
        .rename(renamed)
    )


def _figures(given: pl.Series, separator: str) -> pl.Series:
    """Figures as written, null for Eurostat's ':'; where cells are parted by ';' a comma is the decimal point."""
    if separator == ";":
        plain = ~given.str.contains(".", literal=True)
        given = given.zip_with(~plain.fill_null(value=False), given.str.replace(",", ".", literal=True))
    missing = given == ":"
    return given.set(missing, None) if missing.any() else given


def _code(name: str) -> pl.Expr:
    return pl.col(name).str.splitn(LABEL, 2).struct.field("field_0").alias(name)


def _title(header: Header) -> list[pl.Expr]:
    if header.with_labels:
        labels = [pl.col(name).str.splitn(LABEL, 2).struct.field("field_1") for name in header.dimensions]
    else:
        labels = [pl.col(name) for name in header.labels.values()]
    if not labels or "TITLE" in header.attributes:
        return []
    return [pl.concat_str(labels, separator="; ", ignore_nulls=True).alias("TITLE")]
