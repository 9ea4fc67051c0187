"""What can be seen of a dataflow at one moment: its figures, their flags, and the periods they reach over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

REVISED = "r"
"""Eurostat's letter for a figure that an earlier vintage had otherwise."""


class Key(NamedTuple):
    """What a figure is about."""

    indicator: str
    ref_area: str
    time_period: str


Figures = Mapping[Key, str]


@dataclass(frozen=True, slots=True)
class Vintage:
    """One published state. A figure that is '' takes an earlier one back."""

    released_at: datetime
    figures: Figures


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Figures that follow from their key, of these indicators, from a year on; only where somebody asked for volume.

    Figures change at `changes` and at no other moment. A status is one letter of Eurostat's.
    """

    indicators: frozenset[str]
    first_period: int
    changes: tuple[datetime, ...]
    figure: Callable[[Key, datetime], str | None]
    status: Callable[[Key], str | None]


@dataclass(frozen=True)
class Seen:
    """A dataflow at the moment `now`. `released_at` is when it last changed; None before its first vintage."""

    now: datetime
    released_at: datetime | None
    figures: Figures
    revised: frozenset[Key]
    made_up: MadeUp | None = None

    def figure(self, key: Key) -> str | None:
        made_up = self.made_up
        if made_up is None or key.indicator not in made_up.indicators:
            return self.figures.get(key) or None
        return made_up.figure(key, self.now)

    def status(self, key: Key) -> str | None:
        """The letter that Eurostat flags this figure with; None where it has no flag."""
        made_up = self.made_up
        if made_up is None or key.indicator not in made_up.indicators:
            return REVISED if key in self.revised else None
        return made_up.status(key)

    def periods(self, indicator: str, ref_area: str) -> range:
        """The years from the first to the last that this series has a figure of; there may be gaps between."""
        if self.made_up is not None and indicator in self.made_up.indicators:
            return range(self.made_up.first_period, self.now.year)
        return self._periods.get((indicator, ref_area), range(0))

    @cached_property
    def _periods(self) -> dict[tuple[str, str], range]:
        spans: dict[tuple[str, str], range] = {}
        for indicator, ref_area, time_period in (key for key, text in self.figures.items() if text):
            year = int(time_period)
            known = spans.get((indicator, ref_area), range(year, year + 1))
            spans[indicator, ref_area] = range(min(known.start, year), max(known.stop, year + 1))
        return spans


def seen(vintages: Iterable[Vintage], made_up: MadeUp | None, now: datetime) -> Seen:
    """What vintages released by then amount to: the newest word on each figure."""
    figures: dict[Key, str] = {}
    revised: set[Key] = set()
    released_at = None
    for vintage in sorted(vintages, key=lambda vintage: vintage.released_at):
        if vintage.released_at <= now:
            released_at = vintage.released_at
            revised |= {key for key, text in vintage.figures.items() if _differ(figures.get(key), text)}
            figures.update(vintage.figures)
    return Seen(now, released_at, figures, frozenset(revised), made_up)


def _differ(before: str | None, after: str) -> bool:
    return bool(before) and bool(after) and float(before or 0) != float(after)
