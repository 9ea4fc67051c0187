"""Structure-specific SDMX-ML, read fast: the bytes of a data set are a table of tags, and polars reads tables.

Cut at every '<' and then at every '"', the tag `<Obs TIME_PERIOD="2024" OBS_VALUE="1.5"/>` becomes the row
`Obs TIME_PERIOD=`, `2024`, ` OBS_VALUE=`, `1.5`, `/>`. The odd fields are values; the even ones are few and are the
grammar: each distinct one is held against it, and so is the order of tags. What is not known by heart (comments,
CDATA, other quotes, character references, nested values, an undeclared prefix) makes `tagged` answer None, and the
message is read by `_sdmx_walk`, whose answer is the same wherever both have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
from lxml import etree

from datazones.dialects._sdmx_envelope import XSI, local
from datazones.dialects._sdmx_sent import SERIES, Part, Row, Sent, packed
from datazones.dialects._sdmx_tag_table import (
    OBSERVATION,
    SERIES_OPENED,
    NotByHeart,
    Tags,
    TooNarrow,
    fields_of,
    hold_order,
    kinds_of,
    tags_in,
)
from datazones.dialects._sdmx_walk import parsed
from datazones.errors import ResponseMalformed

PIECE = 4 << 20
"""Bytes to a part; its table takes some six times as much while it is read."""
PACKED_FROM = 64 << 20
"""Bytes of a message from which its parts are packed while they wait: it takes a tenth longer."""

_MOST_AROUND = 4 << 20
"""Bytes around the contents of the data sets, which are read as a tree."""

_PREFIX = rb"(?:[A-Za-z_][A-Za-z0-9_.-]*:)?"
_DATASET = re.compile(rb"<" + _PREFIX + rb"DataSet(?:\s+[^\s<>\"'=/]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*(/?)>")
_DATASET_END = re.compile(rb"</" + _PREFIX + rb"DataSet\s*>")
_FIRST = re.compile(rb"[ \t\r\n]*<(" + _PREFIX + rb")(?:Series|Obs|Group)[ \t\r\n]")


def tagged(text: bytes) -> tuple[etree._Element, tuple[Sent, ...]] | None:
    """The message without its observations, and what each data set sent; None where it is not known by heart."""
    try:
        spans = list(_spans(text))
        around = b"".join(_around(text, spans))
        if len(around) > _MOST_AROUND:
            return None
        root = parsed(around)
        heads = [child for child in root if local(child) == "DataSet"]
        if len(heads) != len(spans) or list(root.iter("{*}DataSet", "{*}Series", "{*}Obs")) != heads:
            return None
        return root, tuple(_sent(text, span, head) for span, head in zip(spans, heads, strict=True))
    except (
        NotByHeart,
        ResponseMalformed,
        UnicodeDecodeError,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
    ):
        return None


def _spans(text: bytes) -> Iterator[tuple[int, int]]:
    """Where the content of each data set begins and ends."""
    opening = _next(text, 0, _DATASET)
    while opening:
        begin = opening.end()
        closing = opening if opening[1] else _next(text, begin, _DATASET_END)
        if closing is None:
            raise NotByHeart
        yield begin, begin if opening[1] else closing.start()
        opening = _next(text, closing.end(), _DATASET)


def _next(text: bytes, at: int, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
    """The next match of a DataSet tag: found by its name, which is much faster than by the pattern."""
    while (name := text.find(b"DataSet", at)) >= 0:
        begin = text.rfind(b"<", at, name)
        match = pattern.match(text, begin) if begin >= 0 else None
        if match:
            return match
        at = name + 1
    return None


def _around(text: bytes, spans: list[tuple[int, int]]) -> Iterator[bytes]:
    at = 0
    for begin, end in spans:
        yield text[at:begin]
        at = end
    yield text[at:]


def _sent(text: bytes, span: tuple[int, int], head: etree._Element) -> Sent:
    first = _FIRST.match(text, *span)
    if first is None:
        if text[slice(*span)].strip(b" \t\r\n"):
            raise NotByHeart
        return Sent((), (), {}, None)
    reader = _Reader(first[1], head)
    parts: list[Part] = []
    groups: list[Row] = []
    for begin, end in reader.cuts(text, first.start(1) - 1, span[1]):
        (series, observations), rows = reader.piece(text[begin:end])
        groups += rows
        if series.height or observations.height:
            parts.append(Part(series, packed(observations) if len(text) > PACKED_FROM else observations))
    return Sent(tuple(parts), tuple(groups), {}, None)


class _Reader:
    """Reads the pieces of one data set, whose tags all have the prefix of its first one."""

    def __init__(self, prefix: bytes, head: etree._Element) -> None:
        self._prefix = prefix
        self._fields = 1
        known = {name for name in head.nsmap if name}
        if prefix and prefix[:-1].decode() not in known:
            raise NotByHeart
        self._xsi = tuple(f"{name}:" for name, uri in head.nsmap.items() if name and f"{{{uri}}}" == XSI)

    def cuts(self, text: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
        """Pieces that begin with a tag below the data set: a series, or an observation where there is no series."""
        series = b"<" + self._prefix + b"Series"
        mark = series if text.find(series, at, end) >= 0 else b"<" + self._prefix + b"Obs"
        while at < end:
            cut = text.rfind(mark, at + 1, at + PIECE) if at + PIECE < end else end
            if cut < 0:
                cut = text.find(mark, at + PIECE, end)
            cut = end if cut < 0 else cut
            yield at, cut
            at = cut

    def piece(self, raw: bytes) -> tuple[Part, list[Row]]:
        if not raw.isascii():
            raw.decode()
        raw = self._unprefixed(raw) if self._prefix else raw
        series, groups = self._tags_of(b"Series", raw), self._tags_of(b"Group", raw)
        observations, kinds = self._observations(raw)
        if groups.left_open is True or series.left_open is False:
            raise NotByHeart
        if series.quotes + groups.quotes + observations.quotes != raw.count(b'"'):
            raise NotByHeart
        nested = series.left_open is not None
        hold_order(kinds, nested=nested, open_obs=observations.left_open is True)
        found = observations.attributes
        if nested:
            which = ((kinds == SERIES_OPENED).cum_sum() - 1).filter(kinds == OBSERVATION).cast(pl.UInt32)
            found = found.with_columns(which.alias(SERIES))
        rows = [{name: text for name, text in row.items() if text is not None} for row in groups.attributes.to_dicts()]
        return Part(series.attributes, found), rows

    def _unprefixed(self, raw: bytes) -> bytes:
        opening, closing = b"<" + self._prefix, b"</" + self._prefix
        if raw.count(opening) + raw.count(closing) != raw.count(b"<"):
            raise NotByHeart
        return raw.replace(closing, b"</").replace(opening, b"<")

    def _tags_of(self, name: bytes, raw: bytes) -> Tags:
        """All tags of that name, which are few, one row each."""
        tags: list[bytes] = re.findall(b"<(" + name + b"[^<]*)", raw)
        if not tags:
            return Tags(pl.DataFrame(), None, 0)
        table = fields_of(b"<" + b"<".join(tags), 1 + max(tag.count(b'"') for tag in tags))
        return tags_in(table, pl.repeat(True, table.height, dtype=pl.Boolean, eager=True), self._xsi)

    def _observations(self, raw: bytes) -> tuple[Tags, pl.Series]:
        """All observations, and the kinds of all tags in order."""
        begin = raw.find(b"<Obs")
        first = raw[begin : raw.find(b"<", begin + 1)] if begin >= 0 else b""
        self._fields = max(self._fields, 1 + first.count(b'"'))
        while True:
            table = fields_of(raw, self._fields)
            kinds = kinds_of(table["0"])
            try:
                return tags_in(table, kinds == OBSERVATION, self._xsi), kinds
            except TooNarrow:
                self._fields += 2
