"""JSON-stat 2.0 as Eurostat's statistics interface writes it: sparse figures and flags by their place in the cube.

https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-detailed-guidelines/api-statistics
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import World
from infra.simulator.formats._sdmx import FREQ
from infra.simulator.formats._selecting import Selected, chosen

SERVES = (Serves("ec.europa.eu", r"/eurostat/api/dissemination/statistics/1\.0/data/[^/]+", "(json)?"),)

_LUXEMBOURG = ZoneInfo("Europe/Luxembourg")
_OF_SERIES = ("freq", "indicator", "geo")
_KNOWN = {*_OF_SERIES, "format", "lang", "time", "sinceTimePeriod", "untilTimePeriod"}


def answer(asked: Asked, world: World) -> Answer:
    try:
        found = _selected(asked, world)
    except LookupError as error:
        status, code, label = error.args
        said = {"error": [{"status": status, "id": code, "label": label}]}
        return Answer(json.dumps(said).encode(), status).said("application/json")
    return Answer(streamed(_parts(found))).said("application/json")


def _selected(asked: Asked, world: World) -> Selected:
    """What is asked; LookupError with status, id and label of Eurostat's error where that is nothing."""
    flow = world.named(asked.path.rpartition("/")[2])
    if flow is None:
        raise LookupError(404, 100, "ERR_NOT_FOUND_4: the dataset is not available for dissemination")
    strange = {name for name, _ in asked.pairs} - _KNOWN
    if strange:
        raise LookupError(400, 150, f"Dimension(s) not found in the dataset: {sorted(strange)}")
    seen = flow.seen(asked.now)
    series = chosen(flow, seen, asked.every("indicator"), asked.every("geo"))
    times = [int(text) for text in asked.every("time")] or [0, 9999]
    first, last = asked.params.get("sinceTimePeriod", min(times)), asked.params.get("untilTimePeriod", max(times))
    found = Selected(flow, seen, series, int(first), int(last))
    if not found.every_period():
        raise LookupError(404, 100, "NO_RESULTS")
    return found


def _parts(found: Selected) -> Iterator[str]:
    flow = found.flow.dataflow_id.upper()
    index = _index(found)
    about = {
        "version": "2.0",
        "class": "dataset",
        "label": flow,
        "source": "ESTAT",
        "updated": found.released_at.astimezone(_LUXEMBOURG).strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    yield json.dumps(about)[:-1] + ',"value":{'
    yield from _joined(f'"{at}":{figure}' for at, figure, _ in _cells(found, index) if figure is not None)
    yield '},"status":{'
    yield from _joined(f'"{at}":"{flag}"' for at, _, flag in _cells(found, index) if flag)
    rest = {
        "id": list(index),
        "size": [len(codes) for codes in index.values()],
        "dimension": {name: {"label": name, "category": {"index": codes}} for name, codes in index.items()},
        "extension": {"lang": "EN", "id": flow, "agencyId": "ESTAT", "version": "1.0"},
    }
    yield "}," + json.dumps(rest)[1:]


def _index(found: Selected) -> dict[str, dict[str, int]]:
    """The place of each code in its dimension."""
    codes = {
        "freq": [FREQ],
        "indicator": [series.code for series in found.series],
        "geo": [series.area.ref_area for series in found.series],
        "time": [str(period) for period in found.every_period()],
    }
    return {name: {code: at for at, code in enumerate(dict.fromkeys(each))} for name, each in codes.items()}


def _cells(found: Selected, index: dict[str, dict[str, int]]) -> Iterator[tuple[int, str | None, str | None]]:
    areas, periods = len(index["geo"]), len(index["time"])
    for series in found.series:
        row = index["indicator"][series.code] * areas + index["geo"][series.area.ref_area]
        for each in found.observations(series):
            yield row * periods + index["time"][each.time_period], each.obs_value, each.obs_status


def _joined(members: Iterator[str]) -> Iterator[str]:
    for nth, member in enumerate(members):
        yield f",{member}" if nth else member
