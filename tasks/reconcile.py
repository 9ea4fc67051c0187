"""Bring a zone's slot book and the present together: what is due and has not ended is made up for, or told of."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from prefect.client.orchestration import SyncPrefectClient

from datazones import slots
from datazones.publishing import Book, Seen
from datazones.reconciling import Open, Rules, Step, steps
from infra import presence
from tasks.account import Tell
from tasks.announce import late, silent
from tasks.equip import Equipment, equipped
from tasks.reap import reap
from tasks.running import PrefectRuns

_log = logging.getLogger("datazones.reconcile")


class Runs(Protocol):
    """Who has the work done."""

    def live(self, zone_id: str, now: datetime) -> Set[datetime] | None:
        """The slots for which a run waits or is under way; None when nobody can say."""

    def ask(self, zone_id: str, slot: datetime, number: int) -> None:
        """Have the slot run. Asked twice with one number, it is run once."""


@dataclass(frozen=True)
class Reconciled:
    """A zone after one pass: how many of its slots are open, and what was done about them.

    `silent_since`: for later than this Prefect's scheduler has made no run, and two slots have passed.
    """

    zone_id: str
    still_open: int
    done: tuple[Step, ...]
    silent_since: datetime | None = None

    def did(self, what: str) -> int:
        return sum(step.do == what for step in self.done)


def reconcile(zone_id: str, book: Book, rules: Rules, runs: Runs, now: datetime, tell: Tell) -> Reconciled:
    """One pass over the zone's slots. Done twice at once, each step is still taken once."""
    since = book.opened(now)
    due = list(slots.due(rules.cron, since, now))
    if not due:
        return Reconciled(zone_id, 0, ())
    seen = book.seen(since)
    still_open = [_open(book, slot, seen.get(slot, Seen())) for slot in due if not seen.get(slot, Seen()).ended]
    live = runs.live(zone_id, now) if still_open else frozenset()
    newest = max((slot for slot, page in seen.items() if page.ended), default=None)
    done = tuple(_taken(zone_id, book, runs, now, tell, steps(rules, still_open, newest, live, now)))
    over = {step.slot for step in done if step.do in ("cover", "give up")}
    _settle(book, due, seen, over)
    return Reconciled(zone_id, len(still_open) - len(over), done)


def reconcile_zones(client: SyncPrefectClient, zones: Sequence[str] = ()) -> list[Reconciled]:
    """One pass, now: dead runs are put to rest, then these zones (none: all) are gone over.

    Who has to know is told by an event.
    """
    with equipped() as equipment:
        runs = PrefectRuns(client)
        if runs.answer:
            here, unbegun = presence.folder(equipment.settings.home), timedelta(seconds=equipment.settings.unbegun_s)
            for one in reap(client, here, unbegun, datetime.now(UTC)):
                _log.warning("put to rest: %s, %s", one.name, one.what)
        return [_reconciled(equipment, runs, zone) for zone in zones or equipment.catalogue.zones]


def _reconciled(equipment: Equipment, runs: PrefectRuns, zone_id: str) -> Reconciled:
    zone = equipment.catalogue.zone(zone_id)
    book, rules, now = equipment.book(zone), equipment.rules(zone), equipment.settings.clock()
    if runs.answer and not rules.each and (called_off := runs.thin(zone_id, now)):
        _log.info("%s: %d runs that waited are called off", zone_id, called_off)
    found = reconcile(zone_id, book, rules, runs, now, partial(late, zone_id))
    for step in found.done:
        _log.info("%s: slot %s: %s %s", zone_id, slots.named(step.slot), step.do, step.reason)
    planned = runs.planned_until(zone_id)
    if planned is None or not slots.is_silent(rules.cron, planned, now):
        return found
    why = f"Prefect's scheduler has made no run of {zone_id} for later than {planned:%Y-%m-%d %H:%M} UTC"
    if book.tell(slots.latest(rules.cron, now), why, now, "silent"):
        _log.error("%s", why)
        silent(zone_id, why)
    return replace(found, silent_since=planned)


def _open(book: Book, slot: datetime, seen: Seen) -> Open:
    first, last = (book.asked_at(slot, choose(seen.asks)) if seen.asks else None for choose in (min, max))
    return Open(slot, seen.late, max(seen.asks, default=0), first, last)


def _taken(zone_id: str, book: Book, runs: Runs, now: datetime, tell: Tell, wanted: Iterator[Step]) -> Iterator[Step]:
    """The steps that it was ours to take; another reconciler may be at the same zone."""
    for step in wanted:
        if step.do == "cover":
            book.close(step.slot, "covered", now, by=step.by)
        elif step.do == "ask":
            if not book.ask(step.slot, step.number, now):
                continue
            runs.ask(zone_id, step.slot, step.number)
        elif book.tell(step.slot, step.reason, now):
            tell(step.slot, step.reason)
        elif step.do == "tell":
            continue
        if step.do == "give up":
            book.close(step.slot, "alarmed", now, reason=step.reason)
        yield step


def _settle(book: Book, due: list[datetime], seen: Mapping[datetime, Seen], over: Set[datetime]) -> None:
    """Move the mark to before the first slot that is open."""
    settled = None
    for slot in due:
        if slot not in over and not seen.get(slot, Seen()).ended:
            break
        settled = slot
    if settled:
        book.settle(settled)
