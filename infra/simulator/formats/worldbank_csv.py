"""The World Bank's bulk download of an indicator: a zip of its table and of the lists of countries and indicators.

https://datahelpdesk.worldbank.org/knowledgebase/articles/889392-about-the-indicators-api-documentation
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import Area, Flow, Indicator, World
from infra.simulator.figures import Key, Seen
from infra.simulator.formats._zipping import zipped

SERVES = (Serves("api.worldbank.org", r"/v2(/[a-z]{2})?/indicator/[^/]+"),)

_FIRST_PERIOD = 1960
_MARK = "\ufeff"


def answer(asked: Asked, world: World) -> Answer:
    flow = world.flow("WB", "WDI")
    indicator = flow.indicators.get(asked.path.rpartition("/")[2]) if flow else None
    if flow is None or indicator is None or asked.params.get("downloadformat") != "csv":
        return Answer(b"<html><title>404</title></html>", 404).said("text/html")
    name = f"{indicator.indicator}_DS2_en_csv_v2.csv"
    files = [
        (f"API_{name}", _lines(_table(flow.seen(asked.now), flow, indicator))),
        (f"Metadata_Indicator_API_{name}", _lines(_indicators(indicator))),
        (f"Metadata_Country_API_{name}", _lines(_areas(flow.areas.values()))),
    ]
    return Answer(streamed(zipped(files))).said("application/zip")


def _lines(rows: Iterable[list[str]]) -> Iterator[str]:
    """Every cell in quotes, and a comma behind the last."""
    for nth, row in enumerate(rows):
        cells = ",".join('"' + cell.replace('"', '""') + '"' for cell in row)
        yield f"{'' if nth else _MARK}{cells},\r\n" if row else "\r\n"


def _table(seen: Seen, flow: Flow, indicator: Indicator) -> Iterator[list[str]]:
    periods = [str(period) for period in range(_FIRST_PERIOD, seen.now.year)]
    yield ["Data Source", "World Development Indicators"]
    yield []
    yield ["Last Updated Date", seen.released_at.date().isoformat() if seen.released_at else ""]
    yield []
    yield ["Country Name", "Country Code", "Indicator Name", "Indicator Code", *periods]
    for area in flow.areas.values():
        figures = (seen.figure(Key(indicator.indicator, area.ref_area, period)) for period in periods)
        about = [area.title, area.ref_area, indicator.title, indicator.indicator]
        yield [*about, *(figure or "" for figure in figures)]


def _indicators(indicator: Indicator) -> Iterator[list[str]]:
    yield ["INDICATOR_CODE", "INDICATOR_NAME", "SOURCE_NOTE", "SOURCE_ORGANIZATION"]
    yield [indicator.indicator, indicator.title, "", "World Bank"]


def _areas(areas: Iterable[Area]) -> Iterator[list[str]]:
    yield ["Country Code", "Region", "IncomeGroup", "SpecialNotes", "TableName"]
    for area in areas:
        yield [
            area.ref_area,
            *(area.more.get(name, "") for name in ("region.value", "incomeLevel.value")),
            "",
            area.title,
        ]
