"""FRED and ALFRED: series, their observations and their vintages, over closed real-time periods.

A series is one indicator of one area, of the World Bank's, under both their codes without anything but letters and
digits: NYGDPMKTPCDCHN.
https://fred.stlouisfed.org/docs/api/fred/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import Flow, World
from infra.simulator.figures import Key
from infra.simulator.formats._selecting import Series

SERVES = (Serves("api.stlouisfed.org", r"/fred/series(/observations|/vintagedates)?"),)

_FOREVER = date(9999, 12, 31)
_KEY = re.compile(r"[0-9a-z]{32}")
_MISSING = "."
_INITIAL = "4"
_MOST = 100_000


class _State(NamedTuple):
    """What was said of a date, from the one day to the other, both included."""

    begins: date
    ends: date
    period: int
    figure: str

    def within(self, first: date, last: date) -> _State | None:
        begins, ends = max(self.begins, first), min(self.ends, last)
        return self._replace(begins=begins, ends=ends) if begins <= ends else None


def answer(asked: Asked, world: World) -> Answer:
    flow = world.flow("WB", "WDI")
    try:
        if flow is None or not _KEY.fullmatch(asked.params.get("api_key", "")):
            raise LookupError("The value for variable api_key is not registered.")
        series = _series(asked, flow)
        parts = {"series": _about, "observations": _observations, "vintagedates": _vintages}
        return _spoken(asked, parts[asked.path.rpartition("/")[2]](asked, flow, series))
    except (LookupError, ValueError) as error:
        said = {"error_code": 400, "error_message": f"Bad Request.  {error.args[0]}"}
        return Answer(json.dumps(said).encode(), 400).said("application/json")


def _spoken(asked: Asked, parts: Iterator[str]) -> Answer:
    """JSON where that is asked; without a file type it is XML, of which our client wants none but the fact."""
    if asked.params.get("file_type") == "json":
        return Answer(streamed(parts)).said("application/json; charset=UTF-8")
    return Answer(f"<observations series={quoteattr(asked.params['series_id'])}/>".encode()).said("text/xml")


def _series(asked: Asked, flow: Flow) -> Series:
    wanted = asked.params.get("series_id", "")
    for indicator in flow.indicators.values():
        named = re.sub(r"[^A-Z0-9]", "", indicator.indicator)
        area = flow.areas.get(wanted.removeprefix(named))
        if area is not None and wanted.startswith(named):
            return Series(indicator, area)
    raise LookupError("The series does not exist.")


def _window(asked: Asked) -> tuple[date, date]:
    today = asked.now.date().isoformat()
    first, last = (asked.params.get(name, today) for name in ("realtime_start", "realtime_end"))
    return date.fromisoformat(first), date.fromisoformat(last)


def _observations(asked: Asked, flow: Flow, series: Series) -> Iterator[str]:
    window = _window(asked)
    states = [state for each in _states(asked, flow, series) if (state := each.within(*window))]
    if asked.params.get("output_type") == _INITIAL:
        states = [state for nth, state in enumerate(states) if not nth or states[nth - 1].period != state.period]
    offset, limit = int(asked.params.get("offset", "0")), int(asked.params.get("limit", str(_MOST)))
    about = {
        **_told(window),
        "observation_start": "1600-01-01",
        "observation_end": _FOREVER.isoformat(),
        "units": "lin",
        "output_type": int(asked.params.get("output_type", "1")),
        "file_type": "json",
        "order_by": "observation_date",
        "sort_order": "asc",
        "count": len(states),
        "offset": offset,
        "limit": limit,
    }
    yield json.dumps(about)[:-1] + ',"observations":['
    for nth, state in enumerate(islice(states, offset, offset + limit)):
        row = {**_told((state.begins, state.ends)), "date": f"{state.period}-01-01", "value": state.figure}
        yield ("," if nth else "") + json.dumps(row)
    yield "]}"


def _told(window: tuple[date, date]) -> dict[str, str]:
    return {"realtime_start": window[0].isoformat(), "realtime_end": window[1].isoformat()}


def _states(asked: Asked, flow: Flow, series: Series) -> Iterator[_State]:
    """What was said of each year, the oldest first; a year between without a figure has a point."""
    history = flow.history(asked.now)
    codes = series.indicator.indicator, series.area.ref_area
    spans = [span for span in (seen.periods(*codes) for seen in history) if span]
    for period in range(min(s.start for s in spans), max(s.stop for s in spans)) if spans else ():
        key = Key(*codes, str(period))
        days = [(seen.now.date(), seen.figure(key)) for seen in history if period in seen.periods(*codes)]
        news = [(day, text) for nth, (day, text) in enumerate(days) if not nth or days[nth - 1][1] != text]
        ends = [day - timedelta(days=1) for day, _ in news[1:]] + [_FOREVER]
        for (day, text), end in zip(news, ends, strict=True):
            yield _State(day, end, period, text or _MISSING)


def _vintages(asked: Asked, flow: Flow, series: Series) -> Iterator[str]:
    days = sorted({state.begins.isoformat() for state in _states(asked, flow, series)})
    about = {**_told(_window(asked)), "order_by": "vintage_date", "sort_order": "asc", "count": len(days)}
    yield json.dumps({**about, "offset": 0, "limit": 10_000, "vintage_dates": days})


def _about(asked: Asked, flow: Flow, series: Series) -> Iterator[str]:
    states = list(_states(asked, flow, series))
    updated = max((state.begins for state in states), default=asked.now.date())
    told = {
        "id": asked.params["series_id"],
        **_told(_window(asked)),
        "title": series.title,
        "observation_start": f"{states[0].period}-01-01" if states else "",
        "observation_end": f"{states[-1].period}-01-01" if states else "",
        "frequency": "Annual",
        "frequency_short": "A",
        "units": series.indicator.unit_measure or series.indicator.title,
        "units_short": series.indicator.unit_measure,
        "seasonal_adjustment": "Not Seasonally Adjusted",
        "seasonal_adjustment_short": "NSA",
        "last_updated": f"{updated.isoformat()} 00:00:00-05",
        "popularity": 1,
        "notes": "",
    }
    yield json.dumps({**_told(_window(asked)), "seriess": [told]})
