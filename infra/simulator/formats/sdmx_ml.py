"""SDMX-ML: 2.1 generic and structure-specific as the ECB writes it, and Eurostat; 3.0 structure-specific at Eurostat.

https://github.com/sdmx-twg/sdmx-ml
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import World
from infra.simulator.formats._sdmx import DIMENSIONS, Refused, agency_of, flags, key_of, selected
from infra.simulator.formats._selecting import Observation, Selected, Series

_ML = r"|generic(data)?|structurespecificdata|sdmx_2\.1_(generic|structured)|sdmx_3\.0_structured"
SERVES = (
    Serves("data-api.ecb.europa.eu", r"/service/data/.+", _ML),
    Serves("ec.europa.eu", r"/eurostat/api/dissemination/sdmx/(2\.1|3\.0)/data/.+", _ML),
    Serves("stats.bis.org", r"/api/v[12]/data/.+", _ML),
)

_SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def answer(asked: Asked, world: World) -> Answer:
    try:
        found = selected(asked, world)
    except Refused as refused:
        return refused.answer()
    message = _Message(found, agency_of(asked), "v3_0" if "/3.0/" in asked.path else "v2_1")
    spoken = asked.params.get("format", "").lower()
    generic = "generic" in spoken or (not spoken and "ecb" in asked.host)
    return Answer(streamed(_generic(message) if generic else _specific(message))).said("application/xml")


class _Message(NamedTuple):
    """What a message is about, and the release of the standard that it is written in."""

    found: Selected
    agency_id: str
    release: str

    @property
    def urn(self) -> str:
        """Data structures carry the id of their flow."""
        flow = self.found.flow.dataflow_id.upper()
        return f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={self.agency_id}:{flow}(1.0)"

    @property
    def header(self) -> str:
        flow, own = self.found.flow.dataflow_id.upper(), f"{self.urn}:ObsLevelDim:TIME_PERIOD"
        ref = f'<Ref agencyID="{self.agency_id}" id="{flow}" version="1.0"/>'
        usage = self.urn if self.release == "v3_0" else ref
        return (
            "<mes:Header><mes:ID>simulated</mes:ID><mes:Test>true</mes:Test>"
            f"<mes:Prepared>{self.found.released_at.isoformat()}</mes:Prepared>"
            f"<mes:Sender id={quoteattr(self.agency_id)}/>"
            f'<mes:Structure structureID="{flow}" dimensionAtObservation="TIME_PERIOD" namespace="{own}">'
            f"<com:StructureUsage>{usage}</com:StructureUsage></mes:Structure></mes:Header>"
        )

    def opening(self, root: str, more: str) -> str:
        schemas = f"{_SCHEMAS}/{self.release}"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><mes:{root} xmlns:mes="{schemas}/message" '
            f'xmlns:com="{schemas}/common" xmlns:xsi="{_INSTANCE}" {more}>{self.header}'
        )


def _generic(message: _Message) -> Iterator[str]:
    flow = message.found.flow.dataflow_id.upper()
    yield message.opening("GenericData", f'xmlns:gen="{_SCHEMAS}/{message.release}/data/generic"')
    yield f'<mes:DataSet action="Replace" structureRef="{flow}">'
    for series in message.found.series:
        key = zip(DIMENSIONS, key_of(series), strict=True)
        yield f"<gen:Series><gen:SeriesKey>{_values(key)}</gen:SeriesKey>"
        yield f"<gen:Attributes>{_values(_said(series))}</gen:Attributes>"
        yield from map(_generic_observation, message.found.observations(series))
        yield "</gen:Series>"
    yield "</mes:DataSet></mes:GenericData>"


def _generic_observation(observation: Observation) -> str:
    figure = "NaN" if observation.obs_value is None else observation.obs_value
    said = flags(observation)
    about = _values([("OBS_STATUS", said.obs_status), ("CONF_STATUS", said.conf_status)])
    return (
        f'<gen:Obs><gen:ObsDimension value="{observation.time_period}"/><gen:ObsValue value="{figure}"/>'
        f"<gen:Attributes>{about}</gen:Attributes></gen:Obs>"
    )


def _values(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    return "".join(f'<gen:Value id="{name}" value={quoteattr(text)}/>' for name, text in pairs)


def _said(series: Series) -> list[tuple[str, str]]:
    unit = series.indicator.unit_measure
    return [("TITLE", series.title), ("UNIT_MULT", "0"), *([("UNIT_MEASURE", unit)] if unit else [])]


def _specific(message: _Message) -> Iterator[str]:
    flow = message.found.flow.dataflow_id.upper()
    yield message.opening(
        "StructureSpecificData",
        f'xmlns:ss="{_SCHEMAS}/{message.release}/data/structurespecific" '
        f'xmlns:own="{message.urn}:ObsLevelDim:TIME_PERIOD"',
    )
    yield f'<mes:DataSet ss:action="Replace" ss:structureRef="{flow}" xsi:type="own:DataSetType">'
    for series in message.found.series:
        pairs = [*zip(DIMENSIONS, key_of(series), strict=True), *_said(series)]
        yield f"<Series {' '.join(f'{name}={quoteattr(text)}' for name, text in pairs)}>"
        yield from map(_specific_observation, message.found.observations(series))
        yield "</Series>"
    yield "</mes:DataSet></mes:StructureSpecificData>"


def _specific_observation(observation: Observation) -> str:
    figure = "NaN" if observation.obs_value is None else observation.obs_value
    status, conf = flags(observation)
    period = observation.time_period
    return f'<Obs TIME_PERIOD="{period}" OBS_VALUE="{figure}" OBS_STATUS="{status}" CONF_STATUS="{conf}"/>'
