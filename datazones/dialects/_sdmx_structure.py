"""Which components of SDMX-ML data are dimensions: as a structure message says, or as the data itself lets us see.

Structure-specific data writes dimensions and attributes alike. Feeds that are read that way should name their
structure; without one, the order in which every known provider writes them is relied on: dimensions first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lxml import etree

from datazones.dialects._sdmx_envelope import TIME, Described, words
from datazones.dialects._sdmx_sent import SERIES, VALUE, Sent
from datazones.dialects._sdmx_walk import parsed
from datazones.dialects._sdmx_wrapping import unwrapped
from datazones.dialects._wire import malformed
from datazones.errors import StructureChanged

OLD_VALUE = "VALUE"
"""What the IMF's messages of SDMX 2.0 call the figure."""

_ATTRIBUTE = re.compile(
    r"OBS_.*|.*_STATUS|.*_DATE|.*_NOTES?|COMMENT.*|CONF_.*|TITLE.*|.*_NAME|DECIMALS.*|TIME_FORMAT|UNIT_MULT.*|POWERCODE"
    r"|SCALE|BASE_PER.*|REFERENCEPERIOD|UNIT_INDEX_BASE|SOURCE.*|COMPILATION|AVAILABILITY|COVERAGE|COLL_METHOD"
    r"|SERIESCODE|OVERLAP|METHODOLOGY.*|EMBARGO.*|PRE_BREAK.*|ANNOTATIONS",
    re.IGNORECASE,
)
"""Ids that are attributes wherever they are seen (SDMX cross-domain concepts, and what ECB, BIS and IMF add)."""


class Structure(NamedTuple):
    """The components of a data structure that make up a key and its figure."""

    dimensions: tuple[str, ...]
    time: str = TIME
    measure: str | None = None


def structure_in(message: bytes, described: Described) -> Structure:
    """The structure that the data refers to, out of a structure message of SDMX-ML 2.0, 2.1 or 3.0."""
    root = parsed(unwrapped(message))
    families = [item for item in root.iter("{*}DataStructure", "{*}KeyFamily") if len(item)]
    known = {item.get("id", ""): item for item in families}
    wanted = described.structure_id or _of_dataflow(root, described.dataflow_id)
    found = known.get(wanted or "") if wanted in known or len(known) != 1 else next(iter(known.values()))
    if found is None:
        raise malformed(
            "structure beside the data",
            found=f"the data structures {sorted(known)}",
            expected=f"the one that the data refers to: {wanted}",
        )
    return _structure(found)


def _of_dataflow(root: etree._Element, dataflow_id: str | None) -> str | None:
    for flow in root.iter("{*}Dataflow"):
        if flow.get("id") == dataflow_id:
            refs = [ref.get("id") for ref in flow.iter("Ref", "{*}Ref")]
            urns = re.findall(r"DataStructure=[^:]+:([^()]+)\(", " ".join(words(flow)))
            return next(iter([*refs, *urns]), None)
    return None


def _structure(item: etree._Element) -> Structure:
    dimensions = [_id(part) for part in item.iter("{*}Dimension", "{*}MeasureDimension") if _defines(part)]
    times = [_id(part) for part in item.iter("{*}TimeDimension") if _defines(part)]
    measures = [_id(part) for part in item.iter("{*}PrimaryMeasure", "{*}Measure") if _defines(part)]
    if len(measures) > 1:
        raise StructureChanged(
            item.get("id", ""),
            found=f"the measures {measures}",
            expected="one figure to an observation",
            next_step="ask the provider for a flow with one measure; several are not read yet",
        )
    return Structure(tuple(dimensions), times[0] if times else TIME, measures[0] if measures else None)


def _defines(part: etree._Element) -> bool:
    """Groups and attribute relationships name dimensions too, but do not define them."""
    return bool(part.get("conceptRef")) or part.find("{*}ConceptIdentity") is not None


def _id(part: etree._Element) -> str:
    if part.get("id"):
        return part.get("id", "")
    identity = part.find("{*}ConceptIdentity")
    if identity is None:
        return part.get("conceptRef", "")
    ref = next(identity.iter("Ref", "{*}Ref"), None)
    return " ".join(words(identity)).rpartition(".")[2] if ref is None else ref.get("id", "")


def seen_in(sent: Sent, described: Described) -> Structure:
    """What the data itself says: all of it where it is generic, else its order and the ids everybody knows."""
    own = described.dimension_at_observation
    if sent.key is not None:
        key = dict.fromkeys(own if name.startswith("#") else name for name in sent.key)
        return Structure(tuple(name for name in key if name != TIME), measure=VALUE)
    series = _leading([part.series.columns for part in sent.parts])
    rows = [part.observations.columns for part in sent.parts]
    dimensions = [name for name in (series or _leading(rows)) if _in_every_row(name, sent)]
    if series and own not in (TIME, *dimensions):
        dimensions.append(own)
    if not dimensions and sent.parts:
        raise malformed(
            "structure-specific SDMX-ML",
            found="no id that must be a dimension",
            expected="dimensions before attributes, or the structure message of the flow",
        )
    return Structure(tuple(dimensions), measure=measure_in(sent))


def _leading(pieces: Iterable[Sequence[str]]) -> list[str]:
    """The ids before the first one that is known to be an attribute."""
    names: dict[str, None] = {}
    for columns in pieces:
        for name in columns:
            if _ATTRIBUTE.fullmatch(name) or name == OLD_VALUE:
                break
            names[name] = None
    names.pop(TIME, None)
    names.pop(SERIES, None)
    return list(names)


def _in_every_row(name: str, sent: Sent) -> bool:
    frames = [part.series if part.series.width else part.observations for part in sent.parts]
    return all(name in frame.columns and frame[name].null_count() == 0 for frame in frames if frame.height)


def measure_in(sent: Sent, named: str | None = None) -> str | None:
    """Where the figures are: as the structure names it, or as everybody does; None where neither is sent."""
    sent_names = {name for part in sent.parts for name in part.observations.columns}
    return next((name for name in (named, VALUE, OLD_VALUE) if name in sent_names), None)
