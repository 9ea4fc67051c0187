"""SDMX-ML of every kind, read strictly and element by element with lxml.

This is the reading that is right; `_sdmx_tags` is the one that is fast, for the kind that is sent in bulk, and hands
over to this one whatever it does not know by heart.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import orjson
import polars as pl
from lxml import etree

from datazones.dialects._sdmx_envelope import TIME, XSI, local, words
from datazones.dialects._sdmx_sent import AT_OBSERVATION, SERIES, VALUE, Part, Row, Sent
from datazones.dialects._wire import malformed
from datazones.errors import ResponseMalformed

ROWS = 100_000
"""Observations to a part; each is a Python dict until the part is closed."""

_VALUES = ("SeriesKey", "ObsKey", "GroupKey", "Attributes")
_OF_VALUES = {"id", "concept", "value", "startTime"}
_READ_ELSEWHERE = ("", "KeyFamilyRef", "Obs", "Series")
"""The empty name is that of comments."""


def parsed(text: bytes) -> etree._Element:
    """A whole small message as a tree: no entities, no network, no document larger than libxml2's own limits."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise _broken(error) from error


def walked(text: bytes) -> tuple[etree._Element, tuple[Sent, ...]]:
    """The message without its observations, and what each of its data sets sent."""
    context = etree.iterparse(
        io.BytesIO(text),
        events=("end",),
        tag=("{*}DataSet", "{*}Series", "{*}Obs"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    sent: list[Sent] = []
    walk = _Walk()
    try:
        for _, element in context:
            if local(element) == "DataSet":
                sent.append(walk.data_set(element))
                walk = _Walk()
            else:
                walk.take(element)
    except etree.XMLSyntaxError as error:
        raise _broken(error) from error
    return context.root, tuple(sent)


def _broken(error: etree.XMLSyntaxError) -> ResponseMalformed:
    return malformed("SDMX-ML message", found=str(error.msg), expected="well-formed XML")


class _Walk:
    """The rows of the data set that is being read."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._series: list[Row] = []
        self._observations: list[Row] = []
        self._of_series: list[int] = []
        self._key: dict[str, None] = {}
        self._own_dimension: dict[str, None] = {}

    def take(self, element: etree._Element) -> None:
        """A series or observation that has ended; it leaves the tree when the next one of its kind has ended."""
        parent = element.getparent()
        above = "" if parent is None else local(parent)
        if local(element) == "Obs":
            self._observation(element, above)
        elif above not in ("DataSet", "Group"):
            raise _unknown(element)
        else:
            self._series.append(self._row(element))
            self._close(full_at=ROWS)
        behind = element.tail
        element.clear()
        element.tail = behind
        before = element.getprevious()
        if before is not None and parent is not None and before.tag == element.tag:
            _refuse_words(before.tail, parent)
            parent.remove(before)

    def data_set(self, element: etree._Element) -> Sent:
        _refuse_words_in(element)
        attributes: Row = {}
        groups: list[Row] = []
        for child in element:
            name = local(child)
            if name == "Attributes":
                attributes |= dict(_values(child))
            elif name == "Atts":
                attributes |= self._row(child)
            elif name == "Annotations":
                attributes["ANNOTATIONS"] = _annotations(child)
            elif name not in _READ_ELSEWHERE:
                groups.append(self._row(child))
        self._close()
        key = (*self._key, *self._own_dimension)
        return Sent(tuple(self._parts), tuple(groups), attributes, key or None)

    def _observation(self, element: etree._Element, above: str) -> None:
        if above == "DataSet":
            self._close(full_at=ROWS)
        elif above == "Series":
            self._of_series.append(len(self._series))
        else:
            raise _unknown(element)
        self._observations.append(self._row(element))

    def _row(self, element: etree._Element) -> Row:
        """The texts of an element by their ids: its own attributes, or the values below it."""
        _refuse_words_in(element)
        row = {} if "generic" in str(element.tag).rpartition("}")[0] else _own(element)
        for child in element:
            for name, text in self._below(child):
                if name in row:
                    raise malformed("SDMX-ML message", found=f"{name} twice in one element", expected="each id once")
                row[name] = text
        return row

    def _below(self, child: etree._Element) -> Iterator[tuple[str, str]]:
        name = local(child)
        if name in _VALUES:
            values = list(_values(child))
            if name in ("SeriesKey", "ObsKey"):
                self._key |= dict.fromkeys(id_ for id_, _ in values)
            yield from values
        elif name in ("ObsDimension", "Time"):
            dimension = TIME if name == "Time" else child.get("id") or AT_OBSERVATION
            self._own_dimension[dimension] = None
            yield dimension, _value(child) or child.text or ""
        elif name == "ObsValue":
            figure = _value(child)
            yield from [(VALUE, figure)] if figure is not None else []
        elif name == "Comp":
            yield child.get("id") or "", _texts(child)
        elif name == "Annotations":
            yield "ANNOTATIONS", _annotations(child)
        elif name not in _READ_ELSEWHERE:
            raise _unknown(child)

    def _close(self, full_at: int = 0) -> None:
        if len(self._observations) <= full_at and len(self._series) <= full_at:
            return
        observations = _frame(self._observations)
        if self._of_series:
            if len(self._of_series) != len(self._observations):
                raise malformed("SDMX-ML data set", found="observations in and beside series", expected="either")
            observations = observations.with_columns(pl.Series(SERIES, self._of_series, pl.UInt32))
        self._parts.append(Part(_frame(self._series), observations))
        self._series, self._observations, self._of_series = [], [], []


def _frame(rows: list[Row]) -> pl.DataFrame:
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names})


def _own(element: etree._Element) -> Row:
    """The attributes of an element by their local names, without what XML Schema put there."""
    row: Row = {}
    for name, text in element.attrib.items():
        plain = str(name).rpartition("}")[2]
        if str(name).startswith(XSI):
            continue
        if plain in row:
            raise malformed("SDMX-ML message", found=f"{plain} twice in one element", expected="each id once")
        row[plain] = str(text)
    return row


def _values(above: etree._Element) -> Iterator[tuple[str, str]]:
    """Id and text of each Value below; SDMX 2.0 calls the id a concept."""
    _refuse_words_in(above)
    for child in above:
        name = child.get("id") or child.get("concept")
        if local(child) == "Value" and name:
            text = _value(child)
            yield name, (child.text or "") if text is None else text
        elif local(child):
            raise _unknown(child)


def _refuse_words_in(element: etree._Element) -> None:
    """Words between elements may be what is left of an element."""
    _refuse_words(element.text, element)
    for child in element:
        _refuse_words(child.tail, element)


def _refuse_words(text: str | None, inside: etree._Element) -> None:
    if text and text.strip():
        raise malformed(
            "SDMX-ML message", found=f"{text.strip()[:60]!r} in <{local(inside)}>", expected="elements, and no words"
        )


def _value(element: etree._Element) -> str | None:
    """What a generic element has for its value; an attribute nobody knows may be that one, misspelt."""
    unknown = [name for name in map(str, element.attrib) if name not in _OF_VALUES and not name.startswith(XSI)]
    if unknown:
        raise malformed(
            "SDMX-ML message", found=f"<{local(element)}> with {unknown}", expected=f"no more than {sorted(_OF_VALUES)}"
        )
    return element.get("value")


def _texts(component: etree._Element) -> str:
    """The one value of a component of SDMX 3.0, or several as a JSON list."""
    values = [" ".join(words(value)) for value in component.iter("{*}Value")]
    return values[0] if len(values) == 1 else orjson.dumps(values).decode()


def _annotations(above: etree._Element) -> str:
    return " | ".join(words(above))


def _unknown(element: etree._Element) -> ResponseMalformed:
    parent = element.getparent()
    return malformed(
        "SDMX-ML message",
        found=f"<{local(element)}> in <{'' if parent is None else local(parent)}>",
        expected="the elements of SDMX-ML 2.0, 2.1 or 3.0",
    )
