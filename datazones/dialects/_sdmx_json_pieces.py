"""SDMX-JSON in pieces of bounded size.

A parsed message takes ten times its bytes, so that only the frame around the observations is parsed as a whole; the
`series` or `observations` of each data set are cut between two keys and parsed piece by piece. JSON makes that safe:
a comma, a quote, indices, a quote, a colon and a bracket in a row are nothing but a key, and a piece that was cut at
the wrong depth does not parse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from datazones.dialects._sdmx_json_structure import Json, as_array, as_object
from datazones.dialects._wire import json_of
from datazones.errors import ResponseMalformed

PIECE = 4 << 20
SUBJECT = "SDMX-JSON message"

_MOST_REGIONS, _FIRST_WINDOW = 1000, 1 << 16

_OPENING = re.compile(rb'"(series|observations)"\s*:\s*(?=\{)')
_NEXT = {
    "series": re.compile(rb',\s*(?="\d+(?::\d+)*"\s*:\s*\{)'),
    "observations": re.compile(rb',\s*(?="\d+(?::\d+)*"\s*:\s*\[)'),
}


class _Region(NamedTuple):
    """Where the observations of a data set stand: the name of their member, and its pieces."""

    name: str
    begin: int
    end: int
    pieces: tuple[tuple[int, int], ...]


class Cut(NamedTuple):
    """A message without its observations, and where those of its data sets stand, in order."""

    frame: object
    regions: tuple[_Region, ...]


def cut(text: bytes) -> Cut:
    """The message cut up. ResponseMalformed when it is no JSON."""
    regions: list[_Region] = []
    at = 0
    try:
        while opening := _OPENING.search(text, at):
            regions.append(_region(text, opening[1].decode(), opening.end()))
            at = regions[-1].end
            if len(regions) > _MOST_REGIONS:
                raise ValueError
        frame = json_of(_around(text, regions), SUBJECT)
    except (ValueError, RecursionError, ResponseMalformed):
        return Cut(json_of(text, SUBJECT), ())
    expected = [name for data_set in data_sets_of(frame) for name, member in data_set.items() if member == {}]
    if [name for name in expected if name in _NEXT] != [region.name for region in regions]:
        return Cut(json_of(text, SUBJECT), ())
    return Cut(frame, tuple(regions))


def content_of(message: object) -> Json:
    """What holds structure and data sets: the message itself in the drafts of 1.0, its `data` since."""
    given = as_object(message, "message")
    return as_object(given["data"], "data") if isinstance(given.get("data"), dict) else given


def data_sets_of(message: object) -> list[Json]:
    return [as_object(item, "data set") for item in as_array(content_of(message).get("dataSets") or [], "dataSets")]


def _around(text: bytes, regions: list[_Region]) -> bytes:
    kept: list[bytes] = []
    at = 0
    for region in regions:
        kept += [text[at : region.begin], b"{}"]
        at = region.end
    return b"".join([*kept, text[at:]])


def _region(text: bytes, name: str, begin: int) -> _Region:
    """The object that begins there, cut into pieces; ValueError when it never ends."""
    pieces: list[tuple[int, int]] = []
    at = begin + 1
    while True:
        following = _NEXT[name].search(text, at + PIECE)
        limit = following.start() if following else len(text)
        if following and _parses(text, at, limit):
            pieces.append((at, limit))
            at = following.end()
            continue
        end = _end(text, at, limit)
        return _Region(name, begin, end, (*pieces, (at, end - 1)))


def _parses(text: bytes, begin: int, end: int) -> bool:
    try:
        orjson.loads(b"{" + text[begin:end] + b"}")
    except orjson.JSONDecodeError:
        return False
    return True


def _end(text: bytes, at: int, limit: int) -> int:
    """Where the object ends whose first member stands there; ValueError when that is not before the limit."""
    size = _FIRST_WINDOW
    while True:
        decoded = "{" + text[at : min(at + size, limit)].decode(errors="surrogateescape")
        try:
            _, length = json.JSONDecoder().raw_decode(decoded)
        except ValueError:
            if at + size >= limit:
                raise
            size *= 8
        else:
            return at + len(decoded[1:length].encode(errors="surrogateescape"))


def pieces_of(text: bytes, message: Cut) -> Iterator[Json]:
    """Each data set, whole where it was not cut, else once for each piece of its observations."""
    regions = iter(message.regions)
    for data_set in data_sets_of(message.frame):
        found = [
            next(regions) for name, member in data_set.items() if message.regions and name in _NEXT and member == {}
        ]
        for region in found:
            for begin, end in region.pieces:
                yield {**data_set, region.name: json_of(b"{" + text[begin:end] + b"}", SUBJECT)}
        if not found:
            yield data_set
