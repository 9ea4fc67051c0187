"""Which columns of an SDMX-CSV message are dimensions, as a structure message of SDMX-ML or SDMX-JSON says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from datazones.dialects._sdmx_envelope import TIME, Described, local
from datazones.dialects._sdmx_structure import structure_in
from datazones.dialects._sdmx_walk import parsed
from datazones.dialects._sdmx_wrapping import unwrapped
from datazones.dialects._wire import json_of, malformed
from datazones.errors import StructureChanged

_SUBJECT = "structure beside the data"
_OF_OBSERVATIONS = {"observation", "measure", "primaryMeasure", "Observation", "Measure", "PrimaryMeasure"}

Json = Mapping[str, object]


class Structure(NamedTuple):
    """The components that make up a key and its figure, and the attributes that belong to more than one observation."""

    dimensions: tuple[str, ...]
    time: str
    measure: str | None
    of_series: frozenset[str]


def structure_of(message: bytes, dataflow_id: str | None) -> Structure:
    """The structure of this dataflow. ResponseMalformed or StructureChanged when the message does not give one."""
    if message.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _of_json(json_of(message, _SUBJECT), dataflow_id)
    found = structure_in(message, Described(dataflow_id=dataflow_id))
    attributes = [part for part in parsed(unwrapped(message)).iter("{*}Attribute") if part.get("id")]
    above = {
        part.get("id", "").upper()
        for part in attributes
        for relation in part.iter("{*}AttributeRelationship")
        if not _OF_OBSERVATIONS & {local(item) for item in relation}
    }
    return Structure(found.dimensions, found.time, found.measure, frozenset(above))


def _of_json(message: object, dataflow_id: str | None) -> Structure:
    data = _object(_object(message).get("data") or message)
    known = {str(item.get("id")): item for item in _objects(data.get("dataStructures"))}
    flows = {str(item.get("id")): str(item.get("structure")) for item in _objects(data.get("dataflows"))}
    named = re.search(r"DataStructure=[^:]+:([^()]+)\(", flows.get(dataflow_id or "", ""))
    wanted = named[1] if named else next(iter(known), "")
    if wanted not in known or not (named or len(known) == 1):
        raise malformed(_SUBJECT, found=f"the data structures {sorted(known)}", expected=f"the one of {dataflow_id}")
    return _of_components(_object(known[wanted].get("dataStructureComponents")), wanted)


def _of_components(parts: Json, name: str) -> Structure:
    dimensions, measures = _object(parts.get("dimensionList")), _object(parts.get("measureList"))
    times = [*_objects(dimensions.get("timeDimensions")), *_objects([dimensions.get("timeDimension")])]
    figures = [*_objects(measures.get("measures")), *_objects([measures.get("primaryMeasure")])]
    if len(figures) > 1:
        raise StructureChanged(
            name,
            found=f"the measures {[item.get('id') for item in figures]}",
            expected="one figure to an observation",
            next_step="ask the provider for a flow with one measure; several are not read yet",
        )
    attributes = _objects(_object(parts.get("attributeList")).get("attributes"))
    return Structure(
        dimensions=_ids(sorted(_objects(dimensions.get("dimensions")), key=_position)),
        time=next(iter(_ids(times)), TIME),
        measure=next(iter(_ids(figures)), None),
        of_series=frozenset(
            str(item.get("id")).upper()
            for item in attributes
            if not _OF_OBSERVATIONS & _object(item.get("attributeRelationship")).keys()
        ),
    )


def _position(item: Json) -> int:
    position = item.get("position")
    return position if isinstance(position, int) else 0


def _ids(items: Sequence[Json]) -> tuple[str, ...]:
    return tuple(str(item.get("id")) for item in items)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
