"""The structure that an SDMX-JSON message carries beside its data: components, and what their indices stand for.

https://github.com/sdmx-twg/sdmx-json/blob/master/data-message/docs/1-sdmx-json-field-guide.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from datazones.dialects._wire import malformed
from datazones.errors import StructureChanged

TIME = "TIME_PERIOD"

EXACT_DIGITS = 15
"""A double gives back so many as they were written."""

_URN = re.compile(r"\.(Dataflow|DataStructure)=([\w.-]+):([\w@$.-]+)\(", re.IGNORECASE)
_HREF = re.compile(r"/(dataflow|datastructure)/(?:([\w.-]+)/)?([\w@$.-]+)/(?:all|latest|[\d.+]+)$", re.IGNORECASE)

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Component:
    """A dimension or attribute. `codes` is None where values stand in the data themselves instead of an index."""

    id: str
    codes: list[str | None] | None
    role: str | None
    position: int | None
    default: str | None

    @property
    def is_time(self) -> bool:
        return TIME in (self.id, self.role)

    def text(self, value: object) -> str | None:
        """What a cell of the data says of this component; an index into nothing is None."""
        if value is None:
            return self.default
        if isinstance(value, int) and not isinstance(value, bool) and self.codes is not None:
            return self.codes[value] if 0 <= value < len(self.codes) else None
        return text_of(value)


@dataclass(frozen=True, slots=True)
class Structure:
    """Components by the level at which the message has them."""

    dimensions: Mapping[str, list[Component]]
    attributes: Mapping[str, list[Component]]
    annotations: list[str]
    names: tuple[str | None, str | None]

    def all_dimensions(self) -> list[Component]:
        return [c for level in ("dataSet", "series", "observation") for c in self.dimensions[level]]

    def key(self) -> list[str]:
        """The dimensions in structure order, without time."""
        dimensions = [c for c in self.all_dimensions() if not c.is_time]
        positions = [c.position for c in dimensions if c.position is not None]
        if len(positions) == len(dimensions):
            dimensions.sort(key=lambda c: c.position or 0)
        return [c.id for c in dimensions]

    def roles(self) -> dict[str, str]:
        return {
            c.id: c.role for level in (self.dimensions, self.attributes) for cs in level.values() for c in cs if c.role
        }


def as_object(value: object, where: str) -> Json:
    if not isinstance(value, dict):
        raise malformed(f"SDMX-JSON {where}", found=_shortened(value), expected="an object")
    return value


def as_array(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise malformed(f"SDMX-JSON {where}", found=_shortened(value), expected="an array")
    return value


def _shortened(value: object) -> str:
    return repr(value)[:80]


def text_of(value: object) -> str:
    """A value as text: names in several languages by their first, everything else that is not text as JSON.

    ResponseMalformed for a number that a double may not give back as it was written.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value and all(isinstance(text, str) for text in value.values()):
        return str(value.get("en", next(iter(value.values()))))
    _refuse_respelt(value)
    return orjson.dumps(value).decode()


def _refuse_respelt(value: object) -> None:
    if isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            _refuse_respelt(inner)
    elif isinstance(value, float):
        written = orjson.dumps(value).decode()
        if "e" in written or sum(map(str.isdigit, written)) > EXACT_DIGITS:
            raise malformed(
                "SDMX-JSON", found=f"the value {written}", expected=f"text, or a number of {EXACT_DIGITS} digits"
            )


def structure_of(given: Json, sender: str | None) -> Structure:
    _refuse_several_measures(given)
    levels = {
        part: {
            level: [_component(item, part) for item in as_array(items, f"{part}.{level}")]
            for level, items in as_object(given.get(part) or {}, part).items()
        }
        for part in ("dimensions", "attributes")
    }
    blank: dict[str, list[Component]] = {"dataSet": [], "series": [], "observation": [], "dimensionGroup": []}
    annotations = [
        _annotation(as_object(item, "annotation")) for item in as_array(given.get("annotations") or [], "annotations")
    ]
    return Structure(blank | levels["dimensions"], blank | levels["attributes"], annotations, names_of(given, sender))


def _refuse_several_measures(given: Json) -> None:
    measures = as_array(as_object(given.get("measures") or {}, "measures").get("observation") or [], "measures")
    if len(measures) > 1:
        raise StructureChanged(
            "SDMX-JSON structure",
            found=f"{len(measures)} measures",
            expected="one figure to an observation",
            next_step="ask the provider for a flow with one measure; several are not read yet",
        )


def _component(item: object, part: str) -> Component:
    given = as_object(item, part)
    if not isinstance(given.get("id"), str):
        raise malformed(f"SDMX-JSON {part}", found=_shortened(item), expected="a component with an id")
    values, position, default = given.get("values"), given.get("keyPosition"), given.get("default")
    roles = given.get("roles") or given.get("role") or []
    role = next(iter(roles), None) if isinstance(roles, list) else roles
    return Component(
        id=text_of(given.get("id")),
        codes=None if values is None else [_code(value) for value in as_array(values, "values")],
        role=None if role is None else text_of(role),
        position=position if isinstance(position, int) else None,
        default=None if default is None else text_of(default),
    )


def _code(value: object) -> str | None:
    """A code's id; where there is none its value (IMF's periods) or name (ECB's titles), which then is the code."""
    if not isinstance(value, dict):
        return None if value is None else text_of(value)
    for field in ("id", "value", "name", "names", "ids", "values"):
        if value.get(field) is not None:
            return text_of(value[field])
    return None


def _annotation(given: Json) -> str:
    return next((text_of(given[field]) for field in ("text", "texts", "title", "id") if given.get(field)), "")


def names_of(given: Json, sender: str | None) -> tuple[str | None, str | None]:
    """Agency and dataflow (where that is not said: data structure), as the links of a structure name them."""
    found = dict(_references(given))
    agency_id, named = found.get("dataflow") or found.get("datastructure") or (None, None)
    return agency_id or sender, named


def _references(given: Json) -> Iterator[tuple[str, tuple[str | None, str]]]:
    for item in as_array(given.get("links") or [], "links"):
        link = as_object(item, "link")
        urn = _URN.search(str(link.get("urn") or ""))
        href = _HREF.search(str(link.get("href") or ""))
        match = urn or href
        if match:
            yield match[1].lower(), (match[2], match[3])
