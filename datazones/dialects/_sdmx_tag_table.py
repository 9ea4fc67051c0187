"""Tags as rows: fields between quotes, the grammar of the fields that are no values, and the values as columns.

Every distinct text outside the quotes is held against the grammar of XML, and every value for characters that XML
forbids or that stand for others. `NotByHeart` is raised for all that is not plain; it never leaves the fast reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

_MOST_TEXTS, _MOST_SHAPES, _MOST_FIELDS = 256, 1024, 255

_WS = r"[ \t\r\n]*"
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?"
_OPENING = re.compile(rf"(/?)(Series|Obs|Group)(?:[ \t\r\n]+({_NAME}){_WS}={_WS}|{_WS}>{_WS})")
_NAMED = re.compile(rf"[ \t\r\n]+({_NAME}){_WS}={_WS}")
_TAIL = re.compile(rf"{_WS}(/?)>{_WS}")
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos);)?")
_PREDEFINED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_DELICATE = "[\x00-\x1f&\ufffe\uffff]"
_FORBIDDEN = "[\x00-\x1f\ufffe\uffff]"

_START, _GROUP, SERIES_OPENED, _CLOSED, OBSERVATION, _OBSERVATION_CLOSED = range(6)
"""Kinds of tags; the first is no tag, but what stands before the first one."""
_KINDS = {
    "Series": SERIES_OPENED,
    "/Series": _CLOSED,
    "Obs": OBSERVATION,
    "/Obs": _OBSERVATION_CLOSED,
    "Group": _GROUP,
}


class NotByHeart(Exception):
    """Something that the fast reading does not know; the strict one will say what it is."""


class TooNarrow(NotByHeart):
    """A tag has more fields than the table that was made of it."""


class _Shape(NamedTuple):
    """What a distinct sequence of even fields says: attribute names by the field that holds their value."""

    names: Mapping[str, int]
    closed: bool
    quotes: int


class Tags(NamedTuple):
    """The attributes of all tags of one name, whether the tags are left open (None: there are none), their quotes."""

    attributes: pl.DataFrame
    left_open: bool | None
    quotes: int


def fields_of(raw: bytes, fields: int) -> pl.DataFrame:
    """One row for each tag, its text cut at the quotes into so many fields, '' where it has fewer.

    What stands before the first tag is nothing, and is left out.
    """
    if fields > _MOST_FIELDS:
        raise NotByHeart
    table = pl.read_csv(
        raw,
        schema={str(field): pl.String for field in range(fields)},
        has_header=False,
        separator='"',
        eol_char="<",
        quote_char=None,
        empty_string_is_null=False,
        truncate_ragged_lines=True,
        extra_columns="ignore",
        missing_columns="insert",
        raise_if_empty=False,
    )
    if table.height != raw.count(b"<") + 1:
        raise NotByHeart
    return table.slice(1)


def _few(column: pl.Series) -> list[str]:
    texts: list[str] = column.unique().to_list()
    if len(texts) > _MOST_TEXTS:
        raise NotByHeart
    return texts


def _digits(column: pl.Series, texts: list[str]) -> pl.Series:
    """The place of each text among those there are."""
    return column.cast(pl.Enum(texts)).to_physical()


def kinds_of(first: pl.Series) -> pl.Series:
    """What each tag is, by its first field."""
    texts = _few(first)
    found = [match for text in texts if (match := _OPENING.fullmatch(text))]
    kinds = [_KINDS.get(match[1] + match[2]) for match in found if bool(match[1]) != bool(match[3])]
    if len(kinds) < len(texts) or None in kinds:
        raise NotByHeart
    return pl.Series(kinds, dtype=pl.UInt8).gather(_digits(first, texts))


def hold_order(kinds: pl.Series, *, nested: bool, open_obs: bool) -> None:
    """Every tag may only follow certain others; this is all the nesting there is."""
    after_obs = _OBSERVATION_CLOSED if open_obs else OBSERVATION
    follows = {(after_obs, OBSERVATION)}
    if open_obs:
        follows |= {(OBSERVATION, _OBSERVATION_CLOSED)}
    if nested:
        follows |= {(before, tag) for before in (_START, _GROUP, _CLOSED) for tag in (_GROUP, SERIES_OPENED)}
        follows |= {(SERIES_OPENED, OBSERVATION), (SERIES_OPENED, _CLOSED), (after_obs, _CLOSED)}
    else:
        follows |= {(before, tag) for before in (_START, _GROUP) for tag in (_GROUP, OBSERVATION)}
    pairs = kinds.shift(1, fill_value=_START) * 8 + kinds
    last = {_GROUP, _CLOSED} if nested else {_GROUP, after_obs}
    if kinds[-1] not in last or not pairs.is_in([8 * before + tag for before, tag in follows]).all():
        raise NotByHeart


def tags_in(table: pl.DataFrame, mask: pl.Series, xsi: tuple[str, ...]) -> Tags:
    """The masked rows as tags, without the attributes that have one of those prefixes."""
    if not mask.any():
        return Tags(pl.DataFrame(), None, 0)
    codes, texts = _sequences(table, mask)
    counted = codes.unique_counts().to_list()
    shapes = {code: _shape(_sequence(code, texts), xsi) for code in codes.unique(maintain_order=True).to_list()}
    if len(shapes) > _MOST_SHAPES or len({shape.closed for shape in shapes.values()}) > 1:
        raise NotByHeart
    fields = sorted({field for shape in shapes.values() for field in shape.names.values()})
    values = table.select(pl.col(str(field)).filter(mask) for field in fields).with_columns(codes.alias("shape"))
    names = dict.fromkeys(name for shape in shapes.values() for name in shape.names)
    attributes = _unescaped(values.select(_column(name, shapes) for name in names))
    quotes = sum(times * shape.quotes for times, shape in zip(counted, shapes.values(), strict=True))
    return Tags(attributes, next(not shape.closed for shape in shapes.values()), quotes)


Choices = list[list[str]]
"""The texts, one or several in a row, that one digit of a code stands for."""


def _sequences(table: pl.DataFrame, mask: pl.Series) -> tuple[pl.Series, list[Choices]]:
    """A number for each masked row that stands for the sequence of its even fields, and what its digits stand for."""
    first = mask.arg_max() or 0
    code = pl.repeat(0, table.height, dtype=pl.Int64, eager=True)
    texts: list[Choices] = []
    possible = 1
    for column in (table[name] for name in table.columns[::2]):
        if not ((column != column[first]) & mask).any():
            texts.append([[column[first]]])
            continue
        distinct = _few(column)
        if possible * len(distinct) >= 1 << 62:
            code, texts = _shortened(code, texts)
            possible = len(texts[0])
        possible *= len(distinct)
        code = code * len(distinct) + _digits(column, distinct).cast(pl.Int64)
        texts.append([[text] for text in distinct])
    return code.filter(mask), texts


def _shortened(code: pl.Series, texts: list[Choices]) -> tuple[pl.Series, list[Choices]]:
    """The same as a number of one digit."""
    known = code.unique().to_list()
    if len(known) > _MOST_SHAPES:
        raise NotByHeart
    return code.replace_strict(known, range(len(known)), return_dtype=pl.Int64), [
        [_sequence(each, texts) for each in known]
    ]


def _sequence(code: int, texts: list[Choices]) -> list[str]:
    found: list[str] = []
    for choices in reversed(texts):
        code, digit = divmod(code, len(choices))
        found[:0] = choices[digit]
    return found


def _shape(texts: list[str], xsi: tuple[str, ...]) -> _Shape:
    """Name, equals sign, value, and so on up to the end of the tag; TooNarrow where the end is not seen."""
    opening = _OPENING.fullmatch(texts[0])
    name = opening[3] if opening else None
    names: dict[str, int] = {}
    for field, text in enumerate(texts[1:], start=1):
        if name is None or name in names:
            raise NotByHeart
        names[name] = 2 * field - 1
        tail, following = _TAIL.fullmatch(text), _NAMED.fullmatch(text)
        if tail:
            return _Shape(_own(names, xsi), bool(tail[1]), 2 * field)
        name = following[1] if following else None
    raise TooNarrow if name else NotByHeart


def _own(names: dict[str, int], xsi: tuple[str, ...]) -> dict[str, int]:
    """Without what XML Schema put there; any other prefix, and a namespace, is for the strict reading."""
    theirs = [name.partition(":")[2] for name in names if name.startswith(xsi)]
    kept = {name: field for name, field in names.items() if not name.startswith(xsi)}
    if len(set(theirs)) < len(theirs) or any(":" in name or name.startswith("xml") for name in kept):
        raise NotByHeart
    return kept


def _column(name: str, shapes: Mapping[int, _Shape]) -> pl.Expr:
    """The attribute, from whichever field holds it in each shape; null where the shape lacks it."""
    codes: dict[int, list[int]] = {}
    for code, shape in shapes.items():
        if name in shape.names:
            codes.setdefault(shape.names[name], []).append(code)
    if len(codes) == 1 and len(next(iter(codes.values()))) == len(shapes):
        return pl.col(str(next(iter(codes)))).alias(name)
    return pl.coalesce(
        pl.when(pl.col("shape").is_in(having)).then(pl.col(str(field))) for field, having in codes.items()
    ).alias(name)


def _unescaped(frame: pl.DataFrame) -> pl.DataFrame:
    """The values with the five predefined entities put in their place."""
    if not frame.width:
        return frame
    delicate = frame.select(pl.all().str.contains(_DELICATE).any()).row(0)
    columns = [name for name, found in zip(frame.columns, delicate, strict=True) if found]
    return frame.with_columns(_unescaped_column(frame[name]) for name in columns)


def _unescaped_column(column: pl.Series) -> pl.Series:
    if column.str.contains(_FORBIDDEN).any():
        raise NotByHeart
    escaped: list[str] = column.filter(column.str.contains("&", literal=True)).unique().to_list()
    return column.replace(escaped, [_REFERENCE.sub(_predefined, text) for text in escaped])


def _predefined(reference: re.Match[str]) -> str:
    if reference[1] is None:
        raise NotByHeart
    return _PREDEFINED[reference[1]]
