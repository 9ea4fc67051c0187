"""A year of slots in simulated time: what is real is the slot book, the accounting of runs and the reconciler.

Around them stand a scheduler and workers as Prefect has them when they are hurt: runs are made an hour ahead and never
after the fact, what is acknowledged is kept, a killed run says for ever that it runs until it is reaped. Outages of
every kind fall on them; a clock is moved by hand.

    python -m tests.year --hourly --seed 1
"""

from __future__ import annotations

import random
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal, get_args

import click

from datazones import slots
from datazones.errors import DatazonesError, ProviderUnavailable
from datazones.publishing import Book, End
from datazones.reconciling import Rules
from tasks.account import accounted, slot_of
from tasks.reconcile import reconcile
from tests.wire_store import WireStore

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=1)
Kind = Literal["server", "scheduler", "worker", "machine", "store", "provider", "kill"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Killed(BaseException):
    """kill -9."""


@dataclass
class Run:
    """A run as Prefect has it."""

    zone_id: str
    due: datetime
    given: datetime | None = None
    state: Literal["scheduled", "running", "ended", "crashed"] = "scheduled"


@dataclass(frozen=True)
class Outage:
    """Something that does not answer for a while."""

    kind: Kind
    begin: datetime
    end: datetime


@dataclass
class Year:
    """One simulated year; `worked` counts by zone and slot how often the whole of the work was done."""

    crons: dict[str, str]
    each: bool
    outages: list[Outage]
    tick: timedelta
    random: random.Random
    days: int = 365
    now: datetime = BEGIN
    wire: WireStore = field(default_factory=WireStore)
    runs: list[Run] = field(default_factory=list)
    asked: dict[tuple[str, datetime, int], Run] = field(default_factory=dict)
    scheduled: set[tuple[str, datetime]] = field(default_factory=set)
    worked: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    told: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    killed: int = 0
    _down: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        store = self.wire.store()
        self.rules = {zone: Rules(cron, self.each, timedelta(hours=6)) for zone, cron in self.crons.items()}
        end = BEGIN + timedelta(days=self.days + 2)
        self._slots = {zone: list(slots.due(cron, BEGIN, end)) for zone, cron in self.crons.items()}
        self.books = {zone: Book(store, f"zones/{zone}", zone) for zone in self.crons}

    def live(self, zone_id: str, now: datetime) -> frozenset[datetime] | None:
        """As `Runs` has it."""
        if self._down & {"server", "machine"}:
            return None
        alive = (run for run in self.runs if run.zone_id == zone_id and run.state in ("scheduled", "running"))
        return frozenset(run.given or run.due for run in alive if run.due <= now)

    def ask(self, zone_id: str, slot: datetime, number: int) -> None:
        """As `Runs` has it: a key that was used before makes no second run."""
        if (zone_id, slot, number) not in self.asked:
            run = self.asked[zone_id, slot, number] = Run(zone_id, self.now, slot)
            self.runs.append(run)

    def pass_by(self) -> None:
        """The whole year, and two days without outages for the rest."""
        end = BEGIN + timedelta(days=self.days)
        coming = sorted(self.outages, key=lambda outage: outage.begin)
        while self.now < end + timedelta(days=2):
            self._down = {outage.kind for outage in coming if outage.begin <= self.now < outage.end}
            coming = [outage for outage in coming if outage.end > self.now]
            self.wire.down = "store" in self._down
            if "machine" not in self._down:
                self._schedule()
                self._work()
                self._maintain()
            self.now += self.tick

    def _schedule(self) -> None:
        if self._down & {"server", "scheduler"}:
            return
        for zone, coming in self._slots.items():
            begin, end = (bisect_right(coming, moment) for moment in (self.now, self.now + max(AHEAD, self.tick)))
            for due in coming[begin:end]:
                if (zone, due) not in self.scheduled:
                    self.scheduled.add((zone, due))
                    self.runs.append(Run(zone, due))

    def _work(self) -> None:
        if self._down & {"worker", "server"}:
            return
        for run in sorted((run for run in self.runs if run.state == "scheduled"), key=lambda run: run.due):
            if run.due <= self.now:
                run.state = "running"
                try:
                    self._run(run)
                except Killed:
                    self.killed += 1
                    continue
                run.state = "ended"
        self.runs = [run for run in self.runs if run.state in ("scheduled", "running")]

    def _run(self, run: Run) -> None:
        """As the flow does it; killed before its work, after it, or after it was written down."""
        dies = self.random.randrange(4) if "kill" in self._down else None
        book, rules = self.books[run.zone_id], self.rules[run.zone_id]
        slot = slot_of(rules, run.given or run.due, self.now)
        with suppress(DatazonesError):
            with accounted(book, slot, lambda: self.now, lambda *_: None) as account:
                if dies == 0:
                    raise Killed
                if account.before is None and slot:
                    if "provider" in self._down:
                        raise ProviderUnavailable("x", found="503", expected="an answer", next_step="wait")
                    self.worked[run.zone_id, slot] += 1
                    if dies == 1:
                        raise Killed
                    account.ends("unchanged", 1)
            if dies == 2:
                raise Killed

    def _maintain(self) -> None:
        """The reaper, which knows a dead process, and then the reconciler, sometimes two of them."""
        if "server" not in self._down:
            self.runs = [run for run in self.runs if run.state != "running"]
        for zone, book in self.books.items():
            for _ in range(1 + (self.random.random() < 0.05)):
                with suppress(DatazonesError):
                    reconcile(zone, book, self.rules[zone], self, self.now, partial(self._tell, zone))

    def _tell(self, zone: str, slot: datetime, _reason: str) -> None:
        self.told[zone, slot] += 1

    def due(self) -> Iterator[tuple[str, datetime]]:
        """Every slot of the year."""
        end = BEGIN + timedelta(days=self.days)
        for zone, coming in self._slots.items():
            yield from ((zone, slot) for slot in coming if slot <= end)

    def ends(self) -> dict[tuple[str, datetime], End | None]:
        """How each slot ended."""
        self.wire.down = False
        return {(zone, slot): self.books[zone].end_of(slot) for zone, slot in self.due()}


def outages(count: int, seed: int, days: int = 365) -> list[Outage]:
    """So many, of every kind, most of them short and some of days, never two at once of a machine that is away."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        begin = BEGIN + timedelta(minutes=chance.randrange(days * 24 * 60))
        hours = chance.choice((0.25, 0.5, 1, 2, 4, 8)) if chance.random() < 0.95 else chance.choice((24, 48, 72))
        end = min(begin + timedelta(hours=hours), BEGIN + timedelta(days=days))
        found.append(Outage(KINDS[number % len(KINDS)], begin, end))
    return found


def simulated(*, hourly: bool, each: bool, seed: int, outages_in_all: int = 1000) -> Year:
    """Ten zones through their year."""
    crons = {f"zone_{n}": f"{5 * n} {'*' if hourly else '18'} * * *" for n in range(10)}
    tick = timedelta(minutes=30) if hourly else timedelta(hours=2)
    year = Year(crons, each, outages(outages_in_all, seed), tick, random.Random(seed))
    year.pass_by()
    return year


def counted(year: Year) -> dict[str, int]:
    """How the slots ended, by outcome, and what it took."""
    ends = year.ends()
    outcomes = Counter(end.outcome if end else "OPEN" for end in ends.values())
    return {
        "slots": len(ends),
        "ended once": sum(end is not None for end in ends.values()),
        **{f"ended {outcome}": number for outcome, number in sorted(outcomes.items())},
        "runs of the scheduler": len(year.scheduled),
        "runs of the reconciler": len(year.asked),
        "runs killed": year.killed,
        "slots worked on again after a kill": sum(times > 1 for times in year.worked.values()),
        "told late": len(year.told),
        "requests of the store": year.wire.asked,
    }


@click.command()
@click.option("--hourly/--daily", default=True)
@click.option("--each/--latest", default=True)
@click.option("--seed", default=1)
@click.option("--outages", "number", default=1000)
def main(hourly: bool, each: bool, seed: int, number: int) -> None:
    """Print N of N; exit code 1 when a slot has not ended."""
    begun = time.perf_counter()
    found = counted(simulated(hourly=hourly, each=each, seed=seed, outages_in_all=number))
    click.echo(
        f"simulated year, seed {seed}, {number} outages: {found['ended once']} of {found['slots']} slots ended once"
    )
    click.echo(", ".join(f"{number:,} {what}" for what, number in found.items()))
    click.echo(f"{time.perf_counter() - begun:.0f} s")
    sys.exit(found["ended once"] != found["slots"])


if __name__ == "__main__":
    main()
