"""The BIS's bulk download by column: a zip of one CSV, codes and labels side by side, a column a year.

https://data.bis.org/bulkdownload
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.simulator.exchange import Answer, Asked, Serves, csv_lines, streamed
from infra.simulator.facts import World
from infra.simulator.formats._sdmx import key_of
from infra.simulator.formats._selecting import Selected, chosen
from infra.simulator.formats._zipping import zipped

SERVES = (Serves("data.bis.org", r"/static/bulk/\w+_csv_col\.zip"),)

_BEFORE = (
    "FREQ",
    "Frequency",
    "INDICATOR",
    "Indicator",
    "REF_AREA",
    "Reference area",
    "UNIT_MEASURE",
    "Unit",
    "Series",
)


def answer(asked: Asked, world: World) -> Answer:
    name = asked.path.rpartition("/")[2].removesuffix(".zip")
    flow = world.named(name.removesuffix("_csv_col"))
    if flow is None:
        return Answer(b"", 404)
    seen = flow.seen(asked.now)
    found = Selected(flow, seen, chosen(flow, seen, [], []))
    archive = zipped([(f"{name}.csv", csv_lines(_rows(found)))])
    return Answer(streamed(archive)).said("application/zip")


def _rows(found: Selected) -> Iterator[list[str]]:
    periods = [str(period) for period in found.every_period()]
    yield [*_BEFORE, *periods]
    for series in found.series:
        freq, indicator, area = key_of(series)
        unit = series.indicator.unit_measure
        figures = {each.time_period: each.obs_value or "" for each in found.observations(series)}
        about = [freq, "Annual", indicator, series.indicator.title, area, series.area.title, unit, unit]
        yield [*about, f"{freq}:{indicator}:{area}", *(figures.get(period, "") for period in periods)]
