"""SDMX-JSON in pieces: the `series` or `observations` of each data set are cut, see `_json_pieces`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from datazones.dialects._json_pieces import Region, frame_around, regions_of
from datazones.dialects._sdmx_json_structure import Json, as_array, as_object
from datazones.dialects._wire import json_of
from datazones.errors import ResponseMalformed

SUBJECT = "SDMX-JSON message"

_MEMBERS = re.compile(rb'"(series|observations)"\s*:\s*(?=\{)')
_NEXT = {
    "series": {b"{": re.compile(rb',\s*(?="\d+(?::\d+)*"\s*:\s*\{)')},
    "observations": {b"{": re.compile(rb',\s*(?="\d+(?::\d+)*"\s*:\s*\[)')},
}


class Cut(NamedTuple):
    """A message without its observations, and where those of its data sets stand, in order."""

    frame: object
    regions: tuple[Region, ...]


def cut(text: bytes) -> Cut:
    """The message cut up. ResponseMalformed when it is no JSON."""
    try:
        regions = regions_of(text, _MEMBERS, _NEXT)
        frame = json_of(frame_around(text, regions), SUBJECT)
    except (ValueError, RecursionError, ResponseMalformed):
        return Cut(json_of(text, SUBJECT), ())
    expected = [name for data_set in data_sets_of(frame) for name, member in data_set.items() if member == {}]
    if [name for name in expected if name in _NEXT] != [region.name for region in regions]:
        return Cut(json_of(text, SUBJECT), ())
    return Cut(frame, regions)


def content_of(message: object) -> Json:
    """What holds structure and data sets: the message itself in the drafts of 1.0, its `data` since."""
    given = as_object(message, "message")
    return as_object(given["data"], "data") if isinstance(given.get("data"), dict) else given


def data_sets_of(message: object) -> list[Json]:
    return [as_object(item, "data set") for item in as_array(content_of(message).get("dataSets") or [], "dataSets")]


def pieces_of(text: bytes, message: Cut) -> Iterator[Json]:
    """Each data set, whole where it was not cut, else once for each piece of its observations."""
    regions = iter(message.regions)
    for data_set in data_sets_of(message.frame):
        found = [
            next(regions) for name, member in data_set.items() if message.regions and name in _NEXT and member == {}
        ]
        for region in found:
            for piece in region.pieces(text):
                yield {**data_set, region.name: json_of(piece, SUBJECT)}
        if not found:
            yield data_set
