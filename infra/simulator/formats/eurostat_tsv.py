r"""Eurostat's tables, tab-separated: `freq,indicator,geo\TIME_PERIOD`, a column a year, figures with flags behind.

https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-detailed-guidelines/sdmx2-1/data-query
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import World
from infra.simulator.formats._sdmx import Refused, key_of, selected
from infra.simulator.formats._selecting import Observation, Selected

SERVES = (Serves("ec.europa.eu", r"/eurostat/api/dissemination/sdmx/2\.1/data/.+", "tsv"),)

_CONFIDENTIAL = "@C"


def answer(asked: Asked, world: World) -> Answer:
    try:
        found = selected(asked, world)
    except Refused as refused:
        return refused.answer()
    return Answer(streamed(_lines(found))).said("text/tab-separated-values")


def _lines(found: Selected) -> Iterator[str]:
    periods = [str(period) for period in found.every_period()]
    yield "\t".join(["freq,indicator,geo\\TIME_PERIOD", *(f"{period} " for period in periods)]) + "\r\n"
    for series in found.series:
        cells = {each.time_period: _cell(each) for each in found.observations(series)}
        yield "\t".join([",".join(key_of(series)), *(cells.get(period, ": ") for period in periods)]) + "\r\n"


def _cell(observation: Observation) -> str:
    """A figure or a colon, one space, and the flags."""
    flag = observation.obs_status or ""
    return f"{observation.obs_value or ':'} {_CONFIDENTIAL if flag == 'c' else flag}"
