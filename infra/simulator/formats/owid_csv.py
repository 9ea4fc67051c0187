"""Our World in Data: a chart's figures as CSV and its metadata as JSON. A chart is one indicator of the World Bank's.

https://docs.owid.io/projects/etl/api/chart-api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from infra.simulator.exchange import Answer, Asked, Serves, csv_lines, streamed
from infra.simulator.facts import Indicator, World
from infra.simulator.formats._selecting import Selected, chosen

SERVES = (Serves("ourworldindata.org", r"/grapher/[a-z0-9-]+\.(csv|metadata\.json)"),)

_TIME = re.compile(r"(?:(\d{4})|earliest)(?:\.\.(?:(\d{4})|latest))?")


def slug(indicator: Indicator) -> str:
    """The chart's name in its address."""
    return re.sub(r"[^a-z0-9]+", "-", indicator.title.lower()).strip("-")


def answer(asked: Asked, world: World) -> Answer:
    flow = world.flow("WB", "WDI")
    wanted, _, kind = asked.path.rpartition("/")[2].partition(".")
    indicators = {slug(each): each for each in flow.indicators.values()} if flow else {}
    if flow is None or wanted not in indicators:
        return Answer(b"<!doctype html><title>404 - Not Found</title>", 404).said("text/html")
    seen, indicator = flow.seen(asked.now), indicators[wanted]
    filtered = asked.params.get("csvType") == "filtered"
    areas = [code for code in asked.params.get("country", "").split("~") if code] if filtered else []
    first, last = _span(asked.params.get("time", "") if filtered else "")
    found = Selected(flow, seen, chosen(flow, seen, [indicator.indicator], areas), first, last)
    if kind == "csv":
        return Answer(streamed(csv_lines(_rows(asked, found, indicator)))).said("text/csv; charset=utf-8")
    variable_id = list(flow.indicators).index(indicator.indicator) + 1
    return Answer(json.dumps(_metadata(found, indicator, variable_id)).encode()).said("application/json")


def _span(said: str) -> tuple[int, int]:
    time = _TIME.fullmatch(said)
    return (int(time[1] or 0), int(time[2] or time[1] or 9999)) if time else (0, 9999)


def _short(indicator: Indicator) -> str:
    return re.sub(r"[^a-z0-9]+", "_", indicator.indicator.lower())


def _rows(asked: Asked, found: Selected, indicator: Indicator) -> Iterator[list[str]]:
    short = asked.params.get("useColumnShortNames") == "true"
    yield ["entity", "code", "year", _short(indicator)] if short else ["Entity", "Code", "Year", indicator.title]
    for series in sorted(found.series, key=lambda series: series.area.title):
        for each in found.observations(series):
            if each.obs_value is not None:
                yield [series.area.title, series.area.ref_area, each.time_period, each.obs_value]


def _metadata(found: Selected, indicator: Indicator, variable_id: int) -> dict[str, object]:
    column = {
        "titleShort": indicator.title,
        "titleLong": indicator.title,
        "descriptionShort": "",
        "unit": indicator.unit_measure,
        "shortUnit": indicator.unit_measure,
        "type": "Numeric",
        "owidVariableId": variable_id,
        "shortName": _short(indicator),
        "lastUpdated": found.released_at.date().isoformat(),
        "citationShort": "World Bank",
        "citationLong": "World Bank, World Development Indicators",
    }
    chart = {"title": indicator.title, "originalChartUrl": f"https://ourworldindata.org/grapher/{slug(indicator)}"}
    return {"chart": chart, "columns": {indicator.title: column}, "dateDownloaded": found.seen.now.date().isoformat()}
