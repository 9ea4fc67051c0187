"""Questions as SDMX REST has them (2.1 and 3.0), and what its messages say of an observation, whatever they look like.

The facts are not the agencies' own, so every flow is had from every agency, under the flow's own id: WDI, FSND.
https://github.com/sdmx-twg/sdmx-rest/tree/master/doc
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from infra.simulator.exchange import Answer, Asked
from infra.simulator.facts import World
from infra.simulator.formats._selecting import Observation, Selected, Series, chosen

DIMENSIONS = ("FREQ", "INDICATOR", "REF_AREA")
FREQ = "A"

_PATH = re.compile(r".*/data/(?:dataflow/)?(?P<flow>[^/]+(?:/[^/]+/[^/]+(?=/|$))?)(?:/(?P<key>[^/]*))?(?:/all)?")
_YEAR = re.compile(r"(\d{4})(?:-.*)?")
_BOUNDS = re.compile(r"(ge|le):(\d{4})")
_AGENCIES = {
    "data-api.ecb.europa.eu": "ECB",
    "ec.europa.eu": "ESTAT",
    "sdmx.oecd.org": "OECD",
    "stats.bis.org": "BIS",
    "api.imf.org": "IMF",
}
_ALL = ("", "*", "all")
_STATUSES = {None: "A", "r": "A", "p": "P", "e": "E"}
_MISSING = {"c": "Q"}
_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<mes:Error xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
    'xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">'
    '<mes:ErrorMessage code="{}"><com:Text>{}</com:Text></mes:ErrorMessage></mes:Error>'
)


class Refused(Exception):
    """A question that is answered with an error of SDMX's: HTTP status, code, text."""

    def answer(self) -> Answer:
        status, code, text = self.args
        return Answer(_ERROR.format(code, escape(text)).encode(), status).said("application/xml")


class Flags(NamedTuple):
    """Status and confidentiality in the code lists of SDMX (CL_OBS_STATUS 2.2, CL_CONF_STATUS 1.2)."""

    obs_status: str
    conf_status: str


def flags(observation: Observation) -> Flags:
    letter = observation.obs_status
    if observation.obs_value is None:
        return Flags(_MISSING.get(letter or "", "O"), "C" if letter == "c" else "F")
    return Flags(_STATUSES[letter], "F")


def key_of(series: Series) -> tuple[str, str, str]:
    """The codes of the series in the order of `DIMENSIONS`."""
    return FREQ, series.code, series.area.ref_area


def agency_of(asked: Asked) -> str:
    """Who maintains the flow: as the path says, or whose host it is."""
    found = re.search(r"/data/(?:dataflow/([\w.]+)/|([\w.]+),)", asked.path)
    return (found[1] or found[2]) if found else _AGENCIES[asked.host]


def selected(asked: Asked, world: World) -> Selected:
    """What is asked; Refused where that is nothing."""
    path = _PATH.fullmatch(asked.path)
    flow = world.named(_flow_id(path["flow"])) if path else None
    if path is None or flow is None:
        raise Refused(404, 100, f"the dataflow does not exist: {asked.path}")
    seen = flow.seen(asked.now)
    _, indicators, areas = _codes(asked, path["key"] or "")
    first, last = _span(asked)
    newest = asked.params.get("lastNObservations")
    found = Selected(flow, seen, chosen(flow, seen, indicators, areas), first, last, int(newest) if newest else None)
    if not any(map(found.periods, found.series)):
        raise Refused(404, 100, "No results found.")
    return found


def _flow_id(said: str) -> str:
    """WDI out of `WDI`, `WB,WDI,1.0` and `WB/WDI/1.0`."""
    parts = re.split(r"[,/]", said)
    return parts[min(1, len(parts) - 1)]


def _codes(asked: Asked, key: str) -> Sequence[list[str]]:
    """The codes asked for in each dimension, none for all of them: of the key, narrowed by c[...] as 3.0 has it."""
    parts = [""] * len(DIMENSIONS) if key in _ALL else key.split(".")
    if len(parts) != len(DIMENSIONS):
        raise Refused(400, 140, f"a key of {len(parts)} dimensions, where there are {len(DIMENSIONS)}")
    codes = [[] if part in _ALL else re.split(r"[+]", part) for part in parts]
    further = [asked.params.get(f"c[{name}]", "") for name in DIMENSIONS]
    return [[*own, *(said.split(",") if said else [])] for own, said in zip(codes, further, strict=True)]


def _span(asked: Asked) -> tuple[int, int]:
    bounds = dict(_BOUNDS.findall(asked.params.get("c[TIME_PERIOD]", "")))
    ends = (asked.params.get("startPeriod", bounds.get("ge")), asked.params.get("endPeriod", bounds.get("le")))
    first, last = (_YEAR.fullmatch(end) if end else None for end in ends)
    return int(first[1]) if first else 0, int(last[1]) if last else 9999
