"""Account for slots: a run that is due writes how its slot ended; a run whose slot has ended already does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from prefect.runtime import flow_run

from datazones import slots
from datazones.errors import DatazonesError, ExpectationsFailed, Permanent, SnapshotConflict
from datazones.publishing import Book, End
from datazones.publishing.book import Ended
from datazones.reconciling import Rules
from tasks.announce import late
from tasks.equip import equipped

Tell = Callable[[datetime, str], None]
"""Tells an operator that a slot is late, and why."""


@dataclass
class Account:
    """The slot of a run: None where the run is not due but wanted. `before` is its end if it has one already."""

    slot: datetime | None = None
    before: End | None = None
    outcome: Ended | None = None
    generation: int | None = None

    def ends(self, outcome: Ended, generation: int | None) -> None:
        """How the run ended, to be written when it is over."""
        self.outcome, self.generation = outcome, generation


def slot_of(rules: Rules, due: datetime | None, now: datetime) -> datetime | None:
    """The slot that a run accounts for that was due then: where the latest counts, the latest there is by now."""
    if due is None or not slots.is_slot(rules.cron, due):
        return None
    return slots.utc(due) if rules.each else max(slots.utc(due), slots.latest(rules.cron, now))


@contextmanager
def accounted(
    book: Book, slot: datetime | None, clock: Callable[[], datetime], tell: Tell, run: str | None = None
) -> Iterator[Account]:
    """Within this, a run works for the slot. What holds it back or will fail again is the slot's end as well.

    An error that may pass by itself leaves the slot open: the reconciler asks for it again.
    """
    if slot is None:
        yield Account()
        return
    book.opened(slot - timedelta(seconds=1))
    account = Account(slot, book.end_of(slot))
    try:
        yield account
    except Permanent as error:
        if not isinstance(error, SnapshotConflict):
            held = isinstance(error, ExpectationsFailed)
            end = book.close(slot, "held" if held else "alarmed", clock(), reason=_reason(error), run=run)
            if end.outcome == "alarmed" and end.run == run:
                tell(slot, _reason(error))
        raise
    if account.before is None and account.outcome:
        book.close(slot, account.outcome, clock(), generation=account.generation, run=run)


@contextmanager
def accounted_run(zone_id: str, due: datetime | None) -> Iterator[Account]:
    """Within this, this run of Prefect's works for the zone's slot that was due then, if that is one."""
    with equipped() as equipment:
        zone = equipment.catalogue.zone(zone_id)
        slot = slot_of(equipment.rules(zone), due, equipment.settings.clock())
        run, book = flow_run.get_id(), equipment.book(zone)
        with accounted(book, slot, equipment.settings.clock, partial(late, zone_id), run) as account:
            yield account


def _reason(error: DatazonesError) -> str:
    return f"{error.code} in {error.subject}: {error.found}"
