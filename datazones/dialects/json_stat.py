"""JSON-stat 1.x and 2.0: a cube of figures as one array or sparse object, with its dimensions beside it.

Data sets come alone, in a bundle under a key each, or embedded in a collection. Dimensions are those of the data set
but time, with `freq` (from the period) before them where there is none. A cell without a figure is an observation only
if it has a flag of its own. Labels make the `title`; units of a category become `unit_measure`, `unit_mult`, `decimals`
and `unit_symbol`; footnotes of a category `<dimension>_note`, those of a period `comment_obs`. What stands under
`child`, `coordinates` and `link` says nothing of an observation and is not read.

Eurostat answers too large a question with an error 413, to be asked again later, at times inside a 200.
https://json-stat.org/full/
https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-detailed-guidelines/api-statistics
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import prod

from datazones import codes
from datazones.dialects import HEAD
from datazones.dialects._dimensions import lowered
from datazones.dialects._gzipped import beginning, plain
from datazones.dialects._json_stat_axes import SUBJECT, axes_of
from datazones.dialects._json_stat_cells import cells_of
from datazones.dialects._json_stat_frame import frame_of
from datazones.dialects._json_stat_pieces import message_of
from datazones.dialects._moments import moment
from datazones.dialects._records import Record, records, scalar
from datazones.dialects._wire import malformed
from datazones.errors import ProviderRefused, ProviderUnavailable
from datazones.model import Cube, Hints, Request

ASKED_AGAIN_AFTER_S = 30.0

_ERROR = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:error|warning)"\s*:\s*\[?\s*\{[^{}]*"label"\s*:')
_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?!_meta")[^"]*"\s*:')
_STAT = re.compile(rb'"class"\s*:\s*"(?:dataset|collection|dimension|bundle)"|"value"\s*:\s*[\[{]|"dimension"\s*:\s*\{')
_OF_BUNDLE = {"version", "class", "label", "href", "source", "updated", "note", "extension", "link"}
_NO_NAME = "dataset"
_ASYNCHRONOUS = "ASYNCHRONOUS_RESPONSE"


def recognises(head: bytes) -> bool:
    text = beginning(head)
    return bool(_ERROR.match(text) or (_OBJECT.match(text) and _STAT.search(text)))


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations of every data set in the answer.

    ProviderUnavailable where the answer is only promised, ProviderRefused for any other error that travels inside a
    200, ResponseMalformed for a dimension, or a collection of links, which have no observations.
    """
    for name, dataset in _datasets(None, _parsed(body)):
        yield from _cubes(name, dataset, hints)


def following(request: Request, body: bytes) -> tuple[Request, ...]:
    """The same question again, later, where the provider is still working on the answer."""
    said = _error_of(_parsed(body)) if _ERROR.match(beginning(body[:HEAD])) else []
    return (replace(request, after_s=ASKED_AGAIN_AFTER_S),) if _is_promise(said) else ()


def _parsed(body: bytes) -> Record:
    return records([message_of(plain(body, SUBJECT))], SUBJECT)[0]


def _error_of(given: Record) -> list[Record]:
    """What an answer says in the place of data: one error, or several."""
    said = given.get("error") or given.get("warning") or []
    return records(said if isinstance(said, list) else [said], SUBJECT)


def _is_promise(said: Sequence[Record]) -> bool:
    return any(str(each.get("label")).startswith(_ASYNCHRONOUS) for each in said)


def _refusal(said: Sequence[Record]) -> ProviderRefused | ProviderUnavailable:
    states = [str(each.get("status")) for each in said]
    transient = _is_promise(said) or any(state.startswith("5") for state in states)
    return (ProviderUnavailable if transient else ProviderRefused)(
        SUBJECT,
        found="the error " + "; ".join(f"{each.get('status')}: {each.get('label')}" for each in said)[:400],
        expected="a data set",
        next_step="ask again in some minutes" if transient else "check the codes of the question; ask for less at once",
    )


def _datasets(name: str | None, item: Record) -> Iterator[tuple[str | None, Record]]:
    """Every data set inside, with the key it stands under."""
    if said := _error_of(item):
        raise _refusal(said)
    kind = item.get("class") or ("dataset" if "dimension" in item else "bundle")
    if kind == "dataset":
        yield name, item
        return
    inside = _embedded(item) if kind == "collection" else _bundled(item) if kind == "bundle" else []
    if not inside:
        raise malformed(SUBJECT, found=f"{item!r:.200}", expected="a data set; a dimension or a list of links has none")
    for key, each in inside:
        yield from _datasets(key, each)


def _embedded(collection: Record) -> list[tuple[str | None, Record]]:
    """The members of a collection that are here and not merely linked."""
    (link,) = records([collection.get("link")], SUBJECT)
    return [(None, each) for each in records(link.get("item"), SUBJECT) if {"value", "link"} & set(each)]


def _bundled(bundle: Record) -> list[tuple[str | None, Record]]:
    found = {key: each for key, each in bundle.items() if key not in _OF_BUNDLE}
    return list(zip(found, records(list(found.values()), SUBJECT), strict=True))


def _cubes(name: str | None, dataset: Record, hints: Hints) -> Iterator[Cube]:
    axes = axes_of(dataset)
    keyed = [axis.name for axis in axes.every if axis.name != axes.time]
    dimensions = dict(zip(keyed, lowered(keyed, SUBJECT), strict=True))
    lacks_freq = axes.time is not None and "freq" not in dimensions.values()
    agency_id, dataflow_id = _names(name, dataset, hints)
    for cells in cells_of(dataset, prod(axes.shape)):
        frame = frame_of(cells, axes, dimensions, dataset)
        yield Cube(
            frame=frame,
            dimensions=(*(["freq"] if lacks_freq else []), *dimensions.values()),
            agency_id=agency_id,
            dataflow_id=dataflow_id,
            series_attributes=tuple(frame.columns),
            released_at=_released(dataset),
        )


def _names(name: str | None, dataset: Record, hints: Hints) -> tuple[str, str]:
    """Agency and dataflow: in Eurostat's extension, in its version 1.1 the code, else the key of a bundle."""
    extension = dataset.get("extension")
    told = extension if isinstance(extension, dict) else {}
    named = name if name != _NO_NAME else None
    return (
        _first_text(told.get("agencyId"), hints.agency_id),
        _first_text(told.get("id"), dataset.get("code"), named, hints.dataflow_id),
    )


def _first_text(*names: object) -> str:
    return next((name for name in names if name and isinstance(name, str)), codes.UNKNOWN)


def _released(dataset: Record) -> datetime | None:
    """When the data set was updated: a day or a moment, or, in Eurostat's version 1.1, milliseconds since 1970."""
    updated, milliseconds = scalar(dataset, "updated", SUBJECT), dataset.get("lastUpdateDate")
    if updated:
        return moment(updated, SUBJECT)
    if not milliseconds:
        return None
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        found = f"the update {milliseconds!r:.80}"
        raise malformed(SUBJECT, found=found, expected="milliseconds since 1970") from error
