"""SDMX-ML data messages: 2.0 (compact, generic, in groups), 2.1 and 3.0 (generic, structure-specific), bare or zipped.

https://sdmx.org/standards-2/ and https://github.com/sdmx-twg/sdmx-ml. What is sent as an attribute of an observation,
a series, a group or a data set is kept at that level; the figure NaN is a missing one, with its flags; a data set of
action Delete takes its observations back; validFromDate (of a Delete: validToDate) is when the provider released it.
Structure-specific messages need the flow's structure message in `hints.aside['structure']` wherever their dimensions
do not stand before their attributes; it may be given for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from datazones.dialects import _sdmx_later
from datazones.dialects._sdmx_answers import (
    ANSWERS,
    DATA,
    GROUP,
    OTHERS,
    error_of,
    footer_error,
    metadata,
)
from datazones.dialects._sdmx_cubes import cubes_of
from datazones.dialects._sdmx_envelope import envelope_of
from datazones.dialects._sdmx_tags import tagged
from datazones.dialects._sdmx_walk import parsed, walked
from datazones.dialects._sdmx_wrapping import Root, beginning, root_of, unwrapped
from datazones.dialects._wire import malformed
from datazones.model import Cube, Hints, Request

_FAMILIES = (b"sdmx", b"soap", b"ec.europa.eu")
_IN_BULK = ("StructureSpecific", "CompactData")


def recognises(head: bytes) -> bool:
    root = root_of(beginning(head))
    if root is None or root.name not in DATA | ANSWERS | OTHERS.keys():
        return False
    return any(family in root.tag.lower() for family in _FAMILIES)


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """Observations in parts of some hundred thousand.

    ResponseMalformed for what is no whole SDMX-ML data message (and says what else it is), ProviderRefused or
    ProviderUnavailable for errors and promises of the provider, StructureChanged for a structure with several measures.
    """
    text = unwrapped(body)
    root = _root(text)
    if root.name in ANSWERS:
        raise error_of(parsed(text))
    if root.name not in DATA:
        raise metadata(parsed(text))
    tree, sent = (tagged(text) if root.name.startswith(_IN_BULK) else None) or walked(text)
    if root.name == GROUP and not sent:
        raise metadata(tree)
    envelope = envelope_of(tree)
    if len(envelope.heads) != len(sent):
        raise malformed("SDMX-ML message", found="a data set in an odd place", expected="data sets below the root")
    error = footer_error(envelope.footers, beside_data=bool(sent))
    if error:
        raise error
    for head, data_set in zip(envelope.heads, sent, strict=True):
        yield from cubes_of(data_set, head, envelope.footers, hints)


def following(request: Request, body: bytes) -> tuple[Request, ...]:
    """Where the data is to be had that this answer only promises: Eurostat's deferred file or queue ticket."""
    _root(unwrapped(body))
    return _sdmx_later.following(request, body)


def _root(text: bytes) -> Root:
    root = root_of(text)
    if root is None:
        raise malformed("SDMX-ML message", found=repr(text[:60]), expected="XML")
    if root.has_doctype:
        raise malformed(
            "SDMX-ML message", found="a document type declaration", expected="none: SDMX-ML has no entities"
        )
    return root
