"""SDMX-CSV as five services write it: 1.0 (OECD, BIS, Eurostat), the ECB's own, 2.0 with labels and without.

https://github.com/sdmx-twg/sdmx-csv/blob/master/data-message/docs/sdmx-csv-field-guide.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infra.simulator.exchange import Answer, Asked, Serves, csv_lines, streamed
from infra.simulator.facts import World
from infra.simulator.formats._sdmx import FREQ, Flags, Refused, agency_of, flags, key_of, selected
from infra.simulator.formats._selecting import Observation, Selected, Series

_CSV = r"csv(file|data|filewithlabels)?|sdmx-csv"
SERVES = (
    Serves("data-api.ecb.europa.eu", r"/service/data/.+", _CSV),
    Serves("sdmx.oecd.org", r"/public/rest/data/.+", _CSV),
    Serves("stats.bis.org", r"/api/v[12]/data/.+", _CSV),
    Serves("api.imf.org", r"/external/sdmx/3\.0/data/.+", _CSV),
    Serves("ec.europa.eu", r"/eurostat/api/dissemination/sdmx/(2\.1|3\.0)/data/.+", _CSV),
)

_LUXEMBOURG = ZoneInfo("Europe/Luxembourg")


class _Row(NamedTuple):
    """One observation and all that is said around it."""

    agency_id: str
    selected: Selected
    series: Series
    observation: Observation
    flags: Flags

    @property
    def flow(self) -> str:
        return self.selected.flow.dataflow_id.upper()

    @property
    def update(self) -> str:
        """Day and time as Eurostat writes them, in its own time."""
        return self.selected.released_at.astimezone(_LUXEMBOURG).strftime("%d/%m/%y %H:%M:%S")


_COLUMNS: Mapping[str, Callable[[_Row], str | None]] = {
    "DATAFLOW": lambda row: f"{row.agency_id}:{row.flow}(1.0)",
    "STRUCTURE": lambda _: "DATAFLOW",
    "STRUCTURE_ID": lambda row: f"{row.agency_id}:{row.flow}(1.0)",
    "STRUCTURE_NAME": lambda row: f"{row.flow}, as published",
    "ACTION": lambda _: "I",
    "KEY": lambda row: ".".join((row.flow, *key_of(row.series))),
    "LAST UPDATE": lambda row: row.update,
    "FREQ": lambda _: FREQ,
    "Frequency of observation": lambda _: "Annual",
    "INDICATOR": lambda row: row.series.code,
    "Indicator": lambda row: row.series.indicator.title,
    "REF_AREA": lambda row: row.series.area.ref_area,
    "Reference area": lambda row: row.series.area.title,
    "TIME_PERIOD": lambda row: row.observation.time_period,
    "Time period": lambda _: "",
    "OBS_VALUE": lambda row: row.observation.obs_value,
    "Observation value": lambda _: "",
    "OBS_STATUS": lambda row: row.flags.obs_status,
    "Observation status": lambda _: "",
    "OBS_CONF": lambda row: row.flags.conf_status,
    "UNIT_MULT": lambda _: "0",
    "Unit multiplier": lambda _: "Units",
    "freq": lambda _: FREQ,
    "indicator": lambda row: row.series.code,
    "geo": lambda row: row.series.area.ref_area,
    "OBS_FLAG": lambda row: None if row.observation.obs_status == "c" else row.observation.obs_status,
    "CONF_STATUS": lambda row: "C" if row.observation.obs_status == "c" else None,
}
_KEY = ["FREQ", "INDICATOR", "REF_AREA", "TIME_PERIOD", "OBS_VALUE"]
_CODES = ["DATAFLOW", *_KEY, "OBS_STATUS", "UNIT_MULT"]
_ECB = ["KEY", *_KEY, "OBS_STATUS", "OBS_CONF"]
_EUROSTAT = [
    "DATAFLOW",
    "LAST UPDATE",
    "freq",
    "indicator",
    "geo",
    "TIME_PERIOD",
    "OBS_VALUE",
    "OBS_FLAG",
    "CONF_STATUS",
]
_SECOND = ["STRUCTURE", "STRUCTURE_ID", "ACTION", *_KEY, "OBS_STATUS", "OBS_CONF"]
_LABELLED = [
    *("STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION"),
    *("FREQ", "Frequency of observation", "INDICATOR", "Indicator", "REF_AREA", "Reference area"),
    *("TIME_PERIOD", "Time period", "OBS_VALUE", "Observation value", "OBS_STATUS", "Observation status"),
    *("UNIT_MULT", "Unit multiplier"),
]


def answer(asked: Asked, world: World) -> Answer:
    try:
        found = selected(asked, world)
    except Refused as refused:
        return refused.answer()
    columns = _columns(asked)
    rows = ([_COLUMNS[name](row) for name in columns] for row in _rows(asked, found))
    crlf = asked.host in ("sdmx.oecd.org", "ec.europa.eu")
    return Answer(streamed(csv_lines(_headed(columns, rows), crlf=crlf))).said("text/csv")


def _columns(asked: Asked) -> list[str]:
    if asked.params["format"] == "csvfilewithlabels":
        return _LABELLED
    if "/3.0/" in asked.path:
        return _SECOND
    return {"data-api.ecb.europa.eu": _ECB, "ec.europa.eu": _EUROSTAT}.get(asked.host, _CODES)


def _headed(columns: list[str], rows: Iterator[list[str | None]]) -> Iterator[list[str | None]]:
    yield [*columns]
    yield from rows


def _rows(asked: Asked, found: Selected) -> Iterator[_Row]:
    agency_id = agency_of(asked)
    for series in found.series:
        for observation in found.observations(series):
            yield _Row(agency_id, found, series, observation, flags(observation))
