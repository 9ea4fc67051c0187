"""Which series and periods a question is about, and their observations, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import NamedTuple, TypeVar

from infra.simulator.facts import Area, Flow, Indicator
from infra.simulator.figures import Key, Seen

_EARLIEST, _LATEST = 0, 9999
_Known = TypeVar("_Known", Area, Indicator)


class Observation(NamedTuple):
    """A year with its figure as published; None where there is none. The status is Eurostat's letter."""

    time_period: str
    obs_value: str | None
    obs_status: str | None


class Series(NamedTuple):
    """One indicator of one area. Its code is the indicator's as SDMX has codes: without dots."""

    indicator: Indicator
    area: Area

    @property
    def code(self) -> str:
        return coded(self.indicator)

    @property
    def title(self) -> str:
        return f"{self.indicator.title} - {self.area.title}"


@dataclass(frozen=True)
class Selected:
    """What is asked of a flow: series that have figures, from one year to another, the `newest` so many of each."""

    flow: Flow
    seen: Seen
    series: tuple[Series, ...]
    first: int = _EARLIEST
    last: int = _LATEST
    newest: int | None = None

    @property
    def released_at(self) -> datetime:
        """When the flow last changed; for volume alone, which is not released, the beginning of our time."""
        return self.seen.released_at or datetime(1970, 1, 1, tzinfo=UTC)

    def periods(self, series: Series) -> range:
        known = self.seen.periods(series.indicator.indicator, series.area.ref_area)
        asked = range(max(known.start, self.first), min(known.stop, self.last + 1))
        return asked[-self.newest :] if self.newest else asked

    def every_period(self) -> range:
        """The years from the first to the last of any series."""
        spans = [span for span in map(self.periods, self.series) if span]
        return range(min(span.start for span in spans), max(span.stop for span in spans)) if spans else range(0)

    def observations(self, series: Series) -> Iterator[Observation]:
        """Every year of the series, also those between that have no figure."""
        for period in map(str, self.periods(series)):
            key = Key(series.indicator.indicator, series.area.ref_area, period)
            yield Observation(period, self.seen.figure(key), self.seen.status(key))


def coded(indicator: Indicator) -> str:
    return indicator.indicator.replace(".", "_")


def chosen(flow: Flow, seen: Seen, indicators: Collection[str], areas: Collection[str]) -> tuple[Series, ...]:
    """The series of these codes that have been published; without codes those of all."""
    pairs = product(_known(flow.indicators, indicators), _known(flow.areas, areas))
    return tuple(Series(*pair) for pair in pairs if seen.periods(pair[0].indicator, pair[1].ref_area))


def _known(listed: Mapping[str, _Known], codes: Collection[str]) -> Iterable[_Known]:
    return [known for code, known in listed.items() if not codes or code in codes or code.replace(".", "_") in codes]
