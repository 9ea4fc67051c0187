"""SDMX-JSON data messages 1.0 and 2.0: series, flat (AllDimensions) and cross-sections.

https://github.com/sdmx-twg/sdmx-json/blob/master/data-message/docs/1-sdmx-json-field-guide.md. Indices are replaced by
the codes they stand for; an attribute's default holds where nothing is said; an index that stands for nothing is kept
as `<attribute>_unlisted`. A data set of action Delete takes its observations back; validFrom (of a Delete: validTo) is
when the provider released it. OECD's older service, ECB, BIS and IMF each write it a little differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datazones.dialects._moments import moment
from datazones.dialects._sdmx_concepts import cube_of
from datazones.dialects._sdmx_envelope import action_of
from datazones.dialects._sdmx_json_pieces import SUBJECT, content_of, cut, pieces_of
from datazones.dialects._sdmx_json_rows import frame_of
from datazones.dialects._sdmx_json_structure import Json, Structure, as_array, as_object, structure_of, text_of
from datazones.dialects._wire import malformed, utf8
from datazones.errors import DatazonesError, ProviderRefused, ProviderUnavailable
from datazones.model import Cube, Hints

_MARK = re.compile(
    rb'\s*\{(?:.*?"dataSets"\s*:\s*\[|.{0,4000}?sdmx-json|\s*"errors"\s*:\s*\[\s*\{[^}]*"code"'
    rb'|\s*"(?:header|meta)"\s*:\s*\{.*?"(?:structure|data)"\s*:\s*\{)',
    re.DOTALL,
)
_KNOWN = {
    "message": {"header", "meta", "data", "errors", "dataSets", "structure", "structures"},
    "data set": {
        *("action", "structure", "structureRef", "links", "annotations", "attributes", "dimensionGroupAttributes"),
        *("series", "observations", "name", "names", "description", "descriptions"),
    },
    "series": {"attributes", "annotations", "observations"},
}
_TRANSIENT_CODES = {"500", "503"}


def recognises(head: bytes) -> bool:
    return bool(_MARK.match(head.removeprefix(b"\xef\xbb\xbf")))


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """Observations in parts of some hundred thousand.

    ResponseMalformed for what is no data message (and says what else it is), ProviderRefused or ProviderUnavailable
    for the provider's errors, StructureChanged for a structure with several measures.
    """
    text = utf8(body, SUBJECT) if body[:2] in (b"\xef\xbb", b"\xff\xfe", b"\xfe\xff") else body
    message = cut(text)
    given = as_object(message.frame, "message")
    _refuse_errors(given)
    content = content_of(given)
    if "dataSets" not in content:
        parts = ", ".join(name for name in content if name not in ("meta", "header"))
        raise malformed(SUBJECT, found=f"a message of structures ({parts})", expected="a data message with dataSets")
    _refuse_unknown([given, content], "message")
    structures = _structures(content, given)
    for data_set in pieces_of(text, message):
        which = data_set.get("structure")
        structure = structures[which if isinstance(which, int) and 0 <= which < len(structures) else 0]
        yield from _cubes(data_set, structure, hints)


def _structures(content: Json, message: Json) -> list[Structure]:
    given = content.get("structures") or [content.get("structure")]
    about = as_object(message.get("header") or message.get("meta") or {}, "header")
    sender = as_object(about.get("sender") or {}, "sender").get("id")
    return [
        structure_of(as_object(item, "structure"), sender if isinstance(sender, str) else None)
        for item in as_array(given, "structures")
    ]


def _cubes(data_set: Json, structure: Structure, hints: Hints) -> Iterator[Cube]:
    action = action_of(_text(data_set.get("action")))
    series = [as_object(entry, "series") for entry in as_object(data_set.get("series") or {}, "series").values()]
    _refuse_unknown([data_set], "data set")
    _refuse_unknown(series, "series")
    if action == "delete" and not all(entry.get("observations") for entry in series):
        raise malformed(
            SUBJECT, found="a series to be deleted as a whole", expected="the observations that are deleted"
        )
    frame, of_series = frame_of(data_set, structure)
    released = (data_set.get("validTo") if action == "delete" else None) or data_set.get("validFrom")
    if frame.height:
        yield cube_of(
            frame,
            structure.key(),
            of_series=of_series,
            names=structure.names,
            hints=hints,
            action=action,
            released_at=moment(text_of(released), SUBJECT) if released else None,
            roles=structure.roles(),
        )


def _refuse_unknown(given: Sequence[Json], where: str) -> None:
    """Members that nobody knows may be numbers and texts; an object or array may be observations, misspelt."""
    for name in sorted(set().union(*given) - _KNOWN[where]):
        if any(isinstance(entry.get(name), dict | list) for entry in given):
            raise malformed(f"{SUBJECT}, {where}", found=f"the member {name!r}", expected=f"{sorted(_KNOWN[where])}")


def _text(value: object) -> str | None:
    return None if value is None else text_of(value)


def _refuse_errors(message: Json) -> None:
    """Errors of the provider, in place of data or beside it."""
    errors = [as_object(item, "error") for item in as_array(message.get("errors") or [], "errors")]
    if not errors:
        return
    code = text_of(errors[0].get("code"))
    kind: type[DatazonesError] = ProviderUnavailable if code in _TRANSIENT_CODES else ProviderRefused
    said = "; ".join(text_of(error.get("title") or error.get("detail") or error) for error in errors)
    raise kind(
        SUBJECT,
        found=f"the provider's error {code}: {said[:500]}",
        expected="observations",
        next_step="ask for less, or for something that exists; the provider's own words are above",
    )
