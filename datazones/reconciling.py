"""What is to be done about a zone's slots that are due and have not ended. Pure: book, runs and time come in.

Every due slot ends. One that nobody runs is asked for, again and again, ever later; one that is open for longer than
its zone is patient is told of once; one that has been asked for in vain for as long is given up, and that is its end.
Where each slot counts they are made up oldest first; else the latest is made up and covers those before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from datazones import slots

PAUSE = timedelta(seconds=30)
"""After the first run that was asked for in vain; doubled after every further one."""

LONGEST_PAUSE = timedelta(hours=1)

AT_ONCE = 10
"""So many missed slots of a zone are asked for in one pass: the rest waits with us and not in Prefect's queue."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a zone wants its slots accounted for."""

    cron: str
    each: bool
    patience: timedelta


@dataclass(frozen=True, slots=True)
class Open:
    """A due slot that has not ended: whether it was told of, how often it was asked for, first and last when."""

    slot: datetime
    late: bool = False
    asks: int = 0
    first_asked: datetime | None = None
    last_asked: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do about a slot. `by` is the later slot that covers it, `number` that of the run to ask for."""

    do: Literal["cover", "ask", "tell", "give up"]
    slot: datetime
    by: datetime | None = None
    number: int = 0
    reason: str = ""


def steps(
    rules: Rules, still_open: Sequence[Open], ended: datetime | None, live: Set[datetime] | None, now: datetime
) -> Iterator[Step]:
    """What to do about the slots that are `still_open`, given oldest first.

    `ended` is the newest slot that has ended. `live` are the slots for which a run waits or is under way; None: nobody
    knows, and then nothing is asked for.
    """
    asked = 0
    for one in still_open:
        if not rules.each and ended and ended > one.slot:
            yield Step("cover", one.slot, by=ended)
            continue
        if not one.late and now - one.slot > rules.patience:
            yield Step("tell", one.slot, reason=_why(one, live))
        if asked == AT_ONCE or not _is_missed(rules, one, still_open[-1].slot, live, now):
            continue
        if one.first_asked and now - one.first_asked > rules.patience:
            yield Step("give up", one.slot, reason=f"asked for {one.asks} times since {one.first_asked:%H:%M} UTC")
        elif one.last_asked is None or now >= one.last_asked + pause(one.asks):
            asked += 1
            yield Step("ask", one.slot, number=one.asks + 1)


def pause(asks: int) -> timedelta:
    """How long after so many runs in vain the next one is asked for."""
    return min(LONGEST_PAUSE, PAUSE * 2.0 ** min(asks - 1, 10))


def _is_missed(rules: Rules, one: Open, newest: datetime, live: Set[datetime] | None, now: datetime) -> bool:
    """Whether the slot is one to be made up, and nobody is at it."""
    if live is None or (live if not rules.each else one.slot in live):
        return False
    return (rules.each or one.slot == newest) and now - one.slot > slots.grace(rules.cron, one.slot)


def _why(one: Open, live: Set[datetime] | None) -> str:
    if live is None:
        return "Prefect does not say what runs, or its deployment is paused"
    if live:
        return "a run waits or is under way"
    return f"asked for {one.asks} times" if one.asks else "no run"
