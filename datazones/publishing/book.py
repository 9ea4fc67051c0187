"""A zone's slot book: how every due slot ended, written where any worker on any machine sees it, each thing once.

Keys are relative to the zone's prefix; a slot is named by its instant, so they sort as the slots follow each other:

    slots/<slot>/ask-<n>.json     the reconciler asked for a run of a missed slot, for the n-th time
    slots/<slot>/late.json        an operator was told that it is late
    slots/<slot>/silent.json      an operator was told that by then Prefect had planned no run for two slots
    slots/<slot>/end.json         how it ended
    slots/SETTLED                 every slot up to this instant has ended; only this one is ever replaced

However many runs are made for a slot, one of them writes its end: the object is create-only. What a slot did to the
figures is idempotent anyway: the same answers are no new vintage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeVar
from uuid import uuid4

from pydantic import AwareDatetime, Field

from datazones import slots
from datazones.errors import SnapshotTampered, StoreUnavailable
from datazones.publishing.manifest import Document
from datazones.publishing.store import Outcome, Store

_END, _LATE, _ASK = "end.json", "late.json", "ask-"

Ended = Literal["published", "unchanged", "held", "covered", "alarmed"]
"""How a slot ends. 'covered': a later slot, which asked for all there is, ended in its place."""

Told = Literal["late", "silent"]
"""What an operator is told of a slot, once."""


def _nonce() -> str:
    return uuid4().hex


class Written(Document):
    """One page of the book. `write_id` is a nonce: no two pages have the same bytes."""

    layout: Literal[1] = 1
    zone_id: str
    slot: AwareDatetime
    at: AwareDatetime
    write_id: str = Field(default_factory=_nonce)


class Ask(Written):
    """The reconciler asked for a run."""


class Late(Written):
    """An operator was told, and why."""

    reason: str


class End(Written):
    """How a slot ended: `reason` where nothing was loaded, `by` the later slot that covers it, `run` who says so."""

    outcome: Ended
    reason: str | None = None
    by: AwareDatetime | None = None
    generation: int | None = None
    run: str | None = None


_Page = TypeVar("_Page", bound=Written)


class Settled(Document):
    """Up to when every slot has ended."""

    layout: Literal[1] = 1
    until: AwareDatetime
    write_id: str = Field(default_factory=_nonce)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the book has on one slot; `asks` are the numbers of the runs that were asked for."""

    ended: bool = False
    late: bool = False
    asks: tuple[int, ...] = field(default=())


class Book:
    """The book of one zone."""

    def __init__(self, store: Store, prefix: str, zone_id: str) -> None:
        self._store, self._prefix, self._zone_id = store, prefix, zone_id

    def opened(self, now: datetime) -> datetime:
        """The instant after which slots may be open. A book that is opened for the first time begins at `now`."""
        found = self._settled()
        if found is None:
            self._store.swap(self._key("SETTLED"), Settled(until=now).canonical(), None)
            found = self._settled()
        if found is None:
            raise StoreUnavailable(
                self._key("SETTLED"), found="no such object", expected="the one that was put", next_step="run again"
            )
        return found[0].until

    def settle(self, until: datetime) -> None:
        """Every slot up to `until` has ended. Never goes back; another who was first may have gone further."""
        found = self._settled()
        if found and found[0].until < until:
            self._store.swap(self._key("SETTLED"), Settled(until=until).canonical(), found[1])

    def seen(self, after: datetime) -> Mapping[datetime, Seen]:
        """The slots later than `after` that have a page, in order."""
        found: dict[datetime, Seen] = {}
        begin = self._key(slots.named(after))
        for listed in self._store.listing(self._key(""), after=begin):
            name, _, page = listed.key.removeprefix(self._key("")).partition("/")
            try:
                if page and (slot := slots.read(name)) > after:
                    found[slot] = _with(found.get(slot, Seen()), page)
            except ValueError as error:
                raise SnapshotTampered(
                    listed.key,
                    found=str(error),
                    expected="a page of a slot, named as they are",
                    next_step="find out who wrote to this prefix, and remove the object",
                ) from error
        return found

    def end_of(self, slot: datetime) -> End | None:
        """How the slot ended; None while it has not."""
        return self._page(slot, _END, End)

    def asked_at(self, slot: datetime, number: int) -> datetime | None:
        """When a run of it was asked for, for the n-th time."""
        page = self._page(slot, f"{_ASK}{number}.json", Ask)
        return page.at if page else None

    def close(
        self,
        slot: datetime,
        outcome: Ended,
        now: datetime,
        *,
        reason: str | None = None,
        by: datetime | None = None,
        generation: int | None = None,
        run: str | None = None,
    ) -> End:
        """Write how the slot ended; the end that stands: ours, or that of whoever was first."""
        end = End(
            zone_id=self._zone_id,
            slot=slot,
            at=now,
            outcome=outcome,
            reason=reason,
            by=by,
            generation=generation,
            run=run,
        )
        if self._written(slot, _END, end):
            return end
        found = self.end_of(slot)
        if found is None:
            raise StoreUnavailable(
                self._page_key(slot, _END),
                found="no word on whether it is written",
                expected="an answer",
                next_step="run again: it finds out",
            )
        return found

    def ask(self, slot: datetime, number: int, now: datetime) -> bool:
        """Whether it is we who ask for a run of the slot for the n-th time."""
        return self._written(slot, f"{_ASK}{number}.json", Ask(zone_id=self._zone_id, slot=slot, at=now))

    def tell(self, slot: datetime, reason: str, now: datetime, what: Told = "late") -> bool:
        """Whether it is we who tell an operator that the slot is late, or Prefect's scheduler silent."""
        return self._written(slot, f"{what}.json", Late(zone_id=self._zone_id, slot=slot, at=now, reason=reason))

    def _settled(self) -> tuple[Settled, str] | None:
        found = self._store.get(self._key("SETTLED"))
        return (Settled.read(found[0], self._key("SETTLED")), found[1]) if found else None

    def _written(self, slot: datetime, page: str, written: Written) -> bool:
        return self._store.swap(self._page_key(slot, page), written.canonical(), None) is Outcome.OURS

    def _page(self, slot: datetime, page: str, kind: type[_Page]) -> _Page | None:
        key = self._page_key(slot, page)
        found = self._store.get(key)
        if found is None:
            return None
        written = kind.read(found[0], key)
        if (written.zone_id, written.slot) != (self._zone_id, slot):
            raise SnapshotTampered(
                key,
                found=f"a page about {written.zone_id}, {written.slot}",
                expected="one about the slot that its key names",
                next_step="find out who wrote to this prefix",
            )
        return written

    def _page_key(self, slot: datetime, page: str) -> str:
        return self._key(f"{slots.named(slot)}/{page}")

    def _key(self, name: str) -> str:
        return f"{self._prefix}/slots/{name}"


def _with(seen: Seen, page: str) -> Seen:
    if page.startswith(_ASK):
        return replace(seen, asks=(*seen.asks, int(page.removeprefix(_ASK).removesuffix(".json"))))
    return replace(seen, ended=seen.ended or page == _END, late=seen.late or page == _LATE)
