"""JSON-stat in pieces: a `value` or a `status` that is long is cut and parsed when it is needed, see `_json_pieces`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, cast

from datazones.dialects._json_pieces import Region, frame_around, regions_of
from datazones.dialects._json_stat_axes import SUBJECT
from datazones.dialects._wire import json_of, utf8
from datazones.errors import ResponseMalformed

_MEMBERS = re.compile(rb'"(value|status)"\s*:\s*(?=[{[])')
_NEXT = dict.fromkeys(("value", "status"), {b"{": re.compile(rb',\s*(?="\d+"\s*:)'), b"[": re.compile(rb",")})
_SHOWN = 60
_EMPTY: dict[type, bytes] = {dict: b"{", list: b"["}

_Place = tuple[dict[str, object], str]


class Long(NamedTuple):
    """An array or object of many cells, as text."""

    text: bytes
    region: Region

    def __repr__(self) -> str:
        return repr(self.text[self.region.begin : self.region.begin + _SHOWN])

    def pieces(self) -> Iterator[object]:
        """Arrays or objects of some of its cells, parsed; ResponseMalformed where one of them is not right."""
        return (json_of(piece, SUBJECT) for piece in self.region.pieces(self.text))


def message_of(body: bytes) -> object:
    """The parsed message, a `Long` wherever cells were cut. ResponseMalformed when it is no JSON."""
    text = utf8(body, SUBJECT)
    try:
        regions = regions_of(text, _MEMBERS, _NEXT)
        frame = json_of(frame_around(text, regions), SUBJECT)
        places = list(_places(frame))
    except (ValueError, RecursionError, ResponseMalformed):
        return json_of(text, SUBJECT)
    if [(name, _EMPTY[type(part[name])]) for part, name in places] != [(r.name, r.opening) for r in regions]:
        return json_of(text, SUBJECT)
    for (part, name), region in zip(places, regions, strict=True):
        cells = Long(text, region)
        part[name] = next(cells.pieces()) if len(region.places) == 1 else cells
    return frame


def _places(part: object) -> Iterator[_Place]:
    """Where something was cut out, in the order of the text."""
    if isinstance(part, dict):
        for name, member in part.items():
            if name in _NEXT and isinstance(member, (dict, list)) and not member:
                yield cast("dict[str, object]", part), name
            else:
                yield from _places(member)
    elif isinstance(part, list):
        for member in part:
            yield from _places(member)
