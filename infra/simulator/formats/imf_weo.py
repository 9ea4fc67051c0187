"""The IMF's World Economic Outlook by countries: text with tabs in a file called .xls, Latin-1, since 2021 UTF-16.

The subjects are the World Bank's indicators. https://www.imf.org/en/Publications/SPROLLs/world-economic-outlook-databases
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.simulator.exchange import Answer, Asked, Serves, csv_lines, streamed
from infra.simulator.facts import World
from infra.simulator.formats._selecting import Selected, chosen

SERVES = (Serves("www.imf.org", r"/external/pubs/ft/weo/\d{4}/\d\d/weodata/WEO\w+\.xls"),)

_BEFORE = (
    *("WEO Country Code", "ISO", "WEO Subject Code", "Country", "Subject Descriptor", "Subject Notes"),
    *("Units", "Scale", "Country/Series-specific Notes"),
)
_MARK = "\ufeff"
_FIRST_IN_UTF_16 = 2021
_MISSING = "n/a"


def answer(asked: Asked, world: World) -> Answer:
    flow = world.flow("WB", "WDI")
    year, part = (int(said) for said in re.findall(r"/(\d+)(?=/)", asked.path)[:2])
    if flow is None:
        return Answer(b"", 404)
    seen = flow.seen(asked.now)
    found = Selected(flow, seen, chosen(flow, seen, [], []))
    encoding, mark = ("utf-16-le", _MARK) if year >= _FIRST_IN_UTF_16 else ("latin-1", "")
    lines = csv_lines(_rows(found, f"{'April' if part == 1 else 'October'} {year}"), "\t", crlf=True)
    parts = ((mark + line if not nth else line).encode(encoding) for nth, line in enumerate(lines))
    return Answer(streamed(parts)).said("application/vnd.ms-excel")


def _rows(found: Selected, edition: str) -> Iterator[list[str]]:
    periods = [str(period) for period in found.every_period()]
    numbers = {code: f"{nth:03}" for nth, code in enumerate(sorted(found.flow.areas), start=1)}
    yield [*_BEFORE, *periods, "Estimates Start After"]
    for series in found.series:
        code = series.area.ref_area
        figures = {each.time_period: each.obs_value for each in found.observations(series)}
        about = [numbers[code], code, series.indicator.indicator, series.area.title, series.indicator.title]
        cells = [_cell(figures.get(period)) for period in periods]
        yield [*about, "", series.indicator.unit_measure, "Units", "", *cells, max(figures)]
    yield []
    yield [f"International Monetary Fund, World Economic Outlook Database, {edition}"]


def _cell(figure: str | None) -> str:
    """The figure with commas between its thousands."""
    if figure is None:
        return _MISSING
    whole, point, rest = figure.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-0") else figure
