"""Ask for every slice of a chunk, one after the other; what has landed before is not asked again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from datazones.backfilling import Outcome, Part
from datazones.backfilling.answered import Answered, Remembering
from datazones.backfilling.costing import questions_of
from datazones.backfilling.ledger import Notes
from datazones.catalogue import Feed, Zone
from datazones.errors import DatazonesError, RateLimited, Transient
from datazones.model import Landed, Window
from datazones.transport import collect
from tasks.equip import Equipment

Answers = dict[int, tuple[Window, list[Landed]]]
"""By the slice's number: its window, and the raw answers to it."""

WAITS_AT_MOST_S = 3600.0
IN_A_ROW = 3
"""When so many slices, one after the other, get no answer, the provider is left alone."""


class LaidDown(Exception):
    """Somebody said `pause` or `cancel`."""


def gather(equipment: Equipment, claim: Notes, part: Part) -> Answers:
    """The answers of every slice that is not done; what failed is noted in the claim with its reason.

    LaidDown when a person says so meanwhile.
    """
    zone, feed = equipment.catalogue.zone(part.zone_id), equipment.catalogue.feed(part.wanted.feed_id)
    asking = _Asking(equipment, claim, part, zone, feed, equipment.answered(zone, feed))
    found: Answers = {}
    with equipment.spending("gather"):
        for number, window in part.of(claim.chunk.number):
            before = claim.outcomes.get(number)
            if before and before.done:
                continue
            look(claim)
            try:
                found[number] = window, asking.slice(number, window)
                asking.silent = 0
            except DatazonesError as error:
                asking.failed(number, error)
                if asking.silent >= IN_A_ROW:
                    break
    return found


def look(claim: Notes) -> None:
    """LaidDown when a person has said something else than `run`."""
    if claim.word() != "run":
        raise LaidDown


class _Asking:
    """One chunk's questions. `silent` counts the slices in a row that the provider did not answer."""

    def __init__(
        self, equipment: Equipment, claim: Notes, part: Part, zone: Zone, feed: Feed, answered: Answered
    ) -> None:
        self._equipment, self._claim, self._part = equipment, claim, part
        self._zone, self._feed, self._answered = zone, feed, answered
        self.silent = 0

    def slice(self, number: int, window: Window) -> list[Landed]:
        """The answers to one slice, waited for as long as the provider's quota says."""
        equipment, feed = self._equipment, self._feed
        force = self._part.wanted.which == "force"
        agency = equipment.catalogue.agency_of(feed)
        shared = not force and not questions_of(feed).of_the_zone
        asks = equipment.asks(agency) if shared else equipment.transport(agency)
        clock, backfill = equipment.settings.clock, self._part.backfill_id
        transport = Remembering(asks, self._answered, window, backfill, clock, force=force)
        questions = equipment.questions(feed, self._zone, window, equipment.settings.clock())
        try:
            answers = self._patiently(lambda: collect(transport, questions, feed.dialect, keep=transport.keep))
        finally:
            before = self._claim.outcomes.get(number, Outcome("landed"))
            spent = replace(before, calls=before.calls + transport.calls, size=before.size + transport.size)
            self._claim.outcomes[number] = spent
        self._claim.note(number, replace(spent, state="landed"))
        return answers

    def failed(self, number: int, error: DatazonesError) -> None:
        spent = self._claim.outcomes[number]
        self._claim.note(number, replace(spent, state="failed", reason=f"{error.code}: {error.found}"))
        self.silent = self.silent + 1 if isinstance(error, Transient) else 0

    def _patiently(self, ask: Callable[[], Sequence[Landed]]) -> list[Landed]:
        """Ask, and wait as often as we are told to; RateLimited when that is too long."""
        waited = 0.0
        while True:
            try:
                return list(ask())
            except RateLimited as limited:
                if limited.retry_after is None or waited + limited.retry_after > WAITS_AT_MOST_S:
                    raise
                waited += limited.retry_after
                self._wait(limited.retry_after)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))
            look(self._claim)
