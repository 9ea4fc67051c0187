"""Large JSON in pieces of bounded size.

Parsed JSON takes ten times its bytes, so that only the frame around the observations is parsed as a whole; the arrays
and objects that hold them, regions here, are cut between two of their members and parsed piece by piece. JSON makes
that safe: what a format says follows a member there (a comma, a quote, indices, a quote, a colon) stands nowhere else
outside a string with escapes, and a piece that was cut at the wrong depth does not parse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import orjson

PIECE = 2 << 20

_MOST_REGIONS, _FIRST_WINDOW = 1000, 1 << 16
_CLOSING = {b"{": b"}", b"[": b"]"}

Following = Mapping[bytes, "re.Pattern[bytes]"]
"""By the bracket that opens a region: what stands between two of its members, a comma and what must come then."""


class Region(NamedTuple):
    """Where a member stands that holds observations: its name, its opening bracket, and its pieces."""

    name: str
    opening: bytes
    begin: int
    end: int
    places: tuple[tuple[int, int], ...]

    def pieces(self, text: bytes) -> Iterator[bytes]:
        """Each piece as JSON of its own, of the kind of the whole."""
        for begin, end in self.places:
            yield self.opening + text[begin:end] + _CLOSING[self.opening]


def regions_of(text: bytes, members: re.Pattern[bytes], following: Mapping[str, Following]) -> tuple[Region, ...]:
    """Every region, in order. `members` finds the name and the colon before one; ValueError where one never ends."""
    found: list[Region] = []
    at = 0
    while member := members.search(text, at):
        name = member[1].decode()
        found.append(_region(text, name, member.end(), following[name]))
        at = found[-1].end
        if len(found) > _MOST_REGIONS:
            raise ValueError
    return tuple(found)


def frame_around(text: bytes, regions: tuple[Region, ...]) -> bytes:
    """The text with nothing in its regions."""
    kept: list[bytes] = []
    at = 0
    for region in regions:
        kept += [text[at : region.begin], region.opening + _CLOSING[region.opening]]
        at = region.end
    return b"".join([*kept, text[at:]])


def _region(text: bytes, name: str, begin: int, following: Following) -> Region:
    """The object or array that begins there, cut into pieces; ValueError when it never ends."""
    places: list[tuple[int, int]] = []
    opening, at = text[begin : begin + 1], begin + 1
    while True:
        between = following[opening].search(text, at + PIECE)
        limit = between.start() if between else len(text)
        if between and _parses(opening + text[at:limit] + _CLOSING[opening]):
            places.append((at, limit))
            at = between.end()
            continue
        end = _end(text, opening, at, limit)
        return Region(name, opening, begin, end, (*places, (at, end - 1)))


def _parses(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _end(text: bytes, opening: bytes, at: int, limit: int) -> int:
    """Where the region ends whose next member stands there; ValueError when that is not before the limit."""
    size = _FIRST_WINDOW
    while True:
        decoded = opening.decode() + text[at : min(at + size, limit)].decode(errors="surrogateescape")
        try:
            _, length = json.JSONDecoder().raw_decode(decoded)
        except ValueError:
            if at + size >= limit:
                raise
            size *= 8
        else:
            return at + len(decoded[1:length].encode(errors="surrogateescape"))
