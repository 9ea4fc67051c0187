"""The BIS's bulk tables by column: one row per series, one column per period, as CSV or in the provider's zip.

Two shapes. Today's: a column of codes before each column of labels, attributes after the dimensions, the series key in
`Series`, then the periods (of every frequency in one file). Before: lines that describe the table, cells such as
"M:Monthly", the series key in `Time Period`. The key says which codes are dimensions, and both shapes give their ids in
lower case. An empty cell and "NaN" are no observation: there are no flags. The file's "Retrieved on" is when it was
made, not when a figure was released, and is left out.
https://data.bis.org/bulkdownload
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from datazones import codes
from datazones.columns import OBSERVATION_SCHEMA
from datazones.dialects._wide import figures, parted, tables, without_end
from datazones.dialects._wire import malformed, utf8
from datazones.dialects._zipped import files, is_zip, names
from datazones.model import Cube, Hints

SUBJECT = "BIS CSV"

_NAME = re.compile(r"(?:full_)?(?P<dataflow_id>\w+?)_csv(?:_col)?\.csv")
_FIRST_LINE = re.compile(rb'(?:\xef\xbb\xbf)?(?:"?Dataset"?,"?BIS|"?FREQ"?,"?Frequency"?,)')
_KEYS = ("Series", "Time Period")
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
_ALIASES = {"frequency": "freq", "reference_area": "ref_area", "title_ts": "title"}
_AREAS = ("borrowers_cty", "l_rep_cty")
"""Dimensions that are the reference area under another name."""
_MISSING = ("", "NaN")
_OF_OBSERVATIONS = {"obs_status", "conf_status", "comment_obs"}
_TAKEN = {*OBSERVATION_SCHEMA} - _OF_OBSERVATIONS


def recognises(head: bytes) -> bool:
    if is_zip(head):
        return any(_NAME.fullmatch(name) for name in names(head))
    return _FIRST_LINE.match(head) is not None


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The figures of the table, or of every table in the zip, whose name is the dataflow's."""
    for name, text in (files(body, SUBJECT) if is_zip(body) else {"": body}).items():
        named = _NAME.fullmatch(name)
        dataflow_id = named["dataflow_id"] if named else hints.dataflow_id or codes.UNKNOWN
        plain = utf8(text, SUBJECT)
        _, start = parted(plain, SUBJECT, lambda cells: any(key in cells[1:] for key in _KEYS))
        for piece in tables(plain, start, SUBJECT):
            yield _cube(without_end(piece, SUBJECT), dataflow_id)


def _cube(table: pl.DataFrame, dataflow_id: str) -> Cube:
    at = next(at for at, name in enumerate(table.columns) if name in _KEYS)
    coded, labels = _described(table.select(table.columns[:at]))
    if not coded.width:
        raise malformed(
            SUBJECT, found="no dimension before the series keys", expected="the codes that a key is made of"
        )
    keys, figured = table.to_series(at), table.select(table.columns[at + 1 :])
    dimensions = coded.columns[: keys[0].count(":") + 1] if table.height else coded.columns
    if (coded.select(pl.concat_str(dimensions, separator=":")).to_series() != keys).any():
        raise malformed(SUBJECT, found="series keys that are not the codes before them", expected="codes joined by ':'")
    if "title" not in coded.columns:
        coded = coded.with_columns(labels.select(pl.concat_str(dimensions, separator=", ")).to_series().alias("title"))
    frame = figures(coded.hstack(figured), figured.columns, _MISSING)
    area = [pl.col(name).alias("ref_area") for name in dimensions if name in _AREAS]
    return Cube(
        frame=frame.with_columns(pl.col(dimensions).replace("", None), *area),
        dimensions=tuple(dimensions),
        agency_id="BIS",
        dataflow_id=dataflow_id,
        series_attributes=tuple(name for name in coded.columns if name not in _OF_OBSERVATIONS),
    )


def _described(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Codes and labels, both under the names of the concepts."""
    given = list(_by_column(table) if any(map(_CODE.fullmatch, table.columns)) else _by_cell(table))
    concepts = [_concept(name) for name, _, _ in given]
    if len(set(concepts)) < len(concepts) or _TAKEN & set(concepts):
        raise malformed(SUBJECT, found=f"the columns {table.columns}"[:200], expected="one column for each concept")
    return (
        pl.DataFrame([code.alias(name) for name, (_, code, _) in zip(concepts, given, strict=True)]),
        pl.DataFrame([label.alias(name) for name, (_, _, label) in zip(concepts, given, strict=True)]),
    )


def _by_column(table: pl.DataFrame) -> Iterator[tuple[str, pl.Series, pl.Series]]:
    """Today's shape: FREQ,Frequency,REF_AREA,Reference area,TITLE; free text has no column of labels."""
    is_code = [_CODE.fullmatch(name) is not None for name in table.columns]
    if not all(one or other for one, other in pairwise([False, *is_code])):
        raise malformed(SUBJECT, found=f"the columns {table.columns}"[:200], expected="codes before each of the labels")
    for at, name in enumerate(table.columns):
        if is_code[at]:
            labelled = at + 1 < table.width and not is_code[at + 1]
            yield name, table[name], table.to_series(at + labelled)


def _by_cell(table: pl.DataFrame) -> Iterator[tuple[str, pl.Series, pl.Series]]:
    """The older shape: M:Monthly."""
    for column in table:
        parts = column.str.splitn(":", 2).struct.unnest()
        yield column.name, *parts


def _concept(name: str) -> str:
    plain = name.lower().replace(" ", "_")
    return _ALIASES.get(plain, plain)
