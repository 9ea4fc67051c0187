"""The ledger of backfills in the object store: plans that never change, chunks that move by compare-and-swap.

    <prefix>/backfills/<id>/plan.json        the zone's part of the plan, created once
    <prefix>/backfills/<id>/word.json        what a person said last: run, pause or cancel
    <prefix>/backfills/<id>/0007.json        the state of one chunk; planned while there is none

All of it lies under the prefix of the zone it is about, so that a zone's own key is enough to work on it, and no zone
can touch another's. Whatever is lost beside it costs a question to the provider at most, never a slice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal, Protocol
from uuid import uuid4

import orjson

from datazones.backfilling import owners
from datazones.backfilling.chunks import ENDED, LEASE_S, Chunk, Outcome, State
from datazones.backfilling.parts import Part
from datazones.errors import StoreUnavailable, UnknownCode
from datazones.publishing import Store
from datazones.publishing.store import Outcome as Swapped

Word = Literal["run", "pause", "cancel"]

SAVED_EVERY_S = 1.0
"""How far a chunk is, is written that often; the raw answers themselves are kept one by one."""

ATTEMPTS = 10
"""A chunk whose workers died so often is not given to another one until a person says `retry`."""


class Ledger:
    """The backfills of one zone."""

    def __init__(
        self, store: Store, prefix: str, clock: Callable[[], float] = time.time, lease_s: float = LEASE_S
    ) -> None:
        self._store = store
        self._prefix = f"{prefix}/backfills"
        self._clock = clock
        self.lease_s = lease_s

    def begin(self, part: Part) -> None:
        """Keep the zone's part of a plan."""
        self._store.create(f"{self._prefix}/{part.backfill_id}/plan.json", part.plain())

    def part(self, backfill_id: str) -> Part:
        """The zone's part; UnknownCode when it has none."""
        found = self._store.get(f"{self._prefix}/{backfill_id}/plan.json")
        if found is None:
            raise UnknownCode(
                f"the backfill {backfill_id}",
                found=f"nothing of it under {self._prefix}",
                expected="the id of a backfill",
                next_step="`datazones backfill list` shows them",
            )
        return Part.read(found[0])

    def ids(self, begins: str = "") -> list[str]:
        """Every backfill of the zone whose id begins so."""
        return list(self.marks(begins))

    def marks(self, begins: str = "") -> dict[str, str]:
        """The same, each with what changes whenever anything of it does, by one listing."""
        found: dict[str, list[str]] = {}
        for each in self._store.listing(f"{self._prefix}/{begins}"):
            backfill_id, _, name = each.key.removeprefix(f"{self._prefix}/").partition("/")
            found.setdefault(backfill_id, []).append(f"{name} {each.etag}")
        return {backfill_id: sha256("\n".join(objects).encode()).hexdigest() for backfill_id, objects in found.items()}

    def chunks(self, part: Part) -> list[Chunk]:
        """Every chunk of a part, as it is now."""
        begun = {each.key for each in self._store.listing(f"{self._prefix}/{part.backfill_id}/")}
        return [
            self.chunk(part.backfill_id, number) if self._key(part.backfill_id, number) in begun else Chunk(number)
            for number in part.chunks
        ]

    def chunk(self, backfill_id: str, number: int) -> Chunk:
        return self._read(self._key(backfill_id, number), number)[0]

    def word(self, backfill_id: str) -> Word:
        """What a person said last."""
        found = self._store.get(f"{self._prefix}/{backfill_id}/word.json")
        said: Word = orjson.loads(found[0])["word"] if found else "run"
        return said

    def say(self, backfill_id: str, word: Word, by: str) -> None:
        """From now on this holds; a cancelled backfill stays cancelled."""
        key = f"{self._prefix}/{backfill_id}/word.json"
        said = orjson.dumps({"word": word, "by": by, "at": self._clock(), "nonce": uuid4().hex})
        while True:
            found = self._store.get(key)
            if found and orjson.loads(found[0])["word"] == "cancel":
                return
            if self._store.swap(key, said, found[1] if found else None) is Swapped.OURS:
                return

    def move(self, backfill_id: str, number: int, change: Callable[[Chunk], Chunk | None]) -> Chunk | None:
        """Move one chunk as `change` says of what it is now; None where that says to leave it."""
        key = self._key(backfill_id, number)
        while True:
            held, etag = self._read(key, number)
            moved = change(held)
            if moved is None:
                return None
            outcome = self._store.swap(key, moved.plain()[:-1] + f',"nonce":"{uuid4().hex}"}}'.encode(), etag)
            if outcome is Swapped.OURS:
                return moved
            if outcome is Swapped.UNKNOWN:
                raise StoreUnavailable(
                    key, found="no word on whether the chunk moved", expected="an answer", next_step="run again"
                )

    def claim(self, backfill_id: str, number: int) -> Claim | None:
        """The chunk in our hands; None if it is in another's, at its end, or nobody is to work on it."""
        if self.word(backfill_id) != "run":
            return None
        owner = owners.ours()

        def take(chunk: Chunk) -> Chunk | None:
            now = self._clock()
            if not self.is_free(chunk):
                return None
            if chunk.state == "running" and chunk.attempt >= ATTEMPTS:
                return chunk.ended(now, "failed", f"its worker died {chunk.attempt} times")
            return chunk.claimed(owner, now, self.lease_s)

        taken = self.move(backfill_id, number, take)
        return Claim(self, backfill_id, taken) if taken and taken.state == "running" else None

    def retry(self, part: Part) -> int:
        """Plan the chunks anew that failed or are held; how many."""

        def again(chunk: Chunk) -> Chunk | None:
            return chunk.tried_again() if chunk.state in ("failed", "held") else None

        moved = (self.move(part.backfill_id, number, again) for number in part.chunks)
        return sum(chunk is not None for chunk in moved)

    def cancel(self, part: Part, by: str) -> int:
        """Say so, and end what nobody works on; how many chunks that are. Who works on one ends it when he looks."""
        self.say(part.backfill_id, "cancel", by)

        def end(chunk: Chunk) -> Chunk | None:
            now = self._clock()
            return chunk.ended(now, "cancelled", f"by {by}") if self.is_free(chunk) else None

        moved = (self.move(part.backfill_id, number, end) for number in part.chunks)
        return sum(chunk is not None for chunk in moved)

    def is_free(self, chunk: Chunk) -> bool:
        """Whether a worker may take it: nobody has it, or who had it is dead."""
        return chunk.free(self._clock()) or (chunk.state == "running" and owners.is_gone(chunk.owner))

    def now(self) -> float:
        return self._clock()

    def _key(self, backfill_id: str, number: int) -> str:
        return f"{self._prefix}/{backfill_id}/{number:04}.json"

    def _read(self, key: str, number: int) -> tuple[Chunk, str | None]:
        found = self._store.get(key)
        return (Chunk.from_plain(orjson.loads(found[0])), found[1]) if found else (Chunk(number), None)


class Notes(Protocol):
    """A chunk that is worked on, and what its slices come to."""

    chunk: Chunk
    outcomes: dict[int, Outcome]

    def word(self) -> Word: ...
    def note(self, number: int, outcome: Outcome) -> None: ...
    def note_all(self, outcomes: Mapping[int, Outcome]) -> None: ...


class ClaimLost(Exception):
    """Another worker has the chunk: ours was silent for longer than its lease."""


@dataclass
class Claim:
    """A chunk in our hands. Saving says that we live; `alive` says it while a step takes long."""

    ledger: Ledger
    backfill_id: str
    chunk: Chunk

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._saved = self.ledger.now()
        self._asked = 0.0
        self._word: Word = "run"
        self.outcomes: dict[int, Outcome] = dict(self.chunk.outcomes)

    def word(self) -> Word:
        """What a person said last; asked at most once a second."""
        if self.ledger.now() - self._asked >= SAVED_EVERY_S:
            self._asked, self._word = self.ledger.now(), self.ledger.word(self.backfill_id)
        return self._word

    def note(self, number: int, outcome: Outcome) -> None:
        """What a slice came to; written soon."""
        self.outcomes[number] = outcome
        if self.ledger.now() - self._saved >= SAVED_EVERY_S:
            self.save()

    def note_all(self, outcomes: Mapping[int, Outcome]) -> None:
        """What several came to; written at once."""
        self.outcomes.update(outcomes)
        self.save()

    def loaded(self, numbers: Iterable[int]) -> None:
        """These slices are published."""
        self.note_all({number: replace(self.outcomes[number], state="loaded") for number in numbers})

    def save(self) -> None:
        """Write how far it is, and that we live; ClaimLost if it is another's by now."""
        self._change(lambda chunk: chunk.kept(self.ledger.now(), dict(self.outcomes), self.ledger.lease_s))

    def lay_down(self) -> None:
        """Give it back before its end."""
        self._change(lambda chunk: chunk.kept(0.0, dict(self.outcomes)).laid_down())

    def end(self, state: State, reason: str = "", snapshot: str = "") -> None:
        """At its end."""
        if state not in ENDED:
            raise ValueError(state)
        self._change(
            lambda chunk: chunk.kept(0.0, dict(self.outcomes)).ended(self.ledger.now(), state, reason, snapshot)
        )

    @contextmanager
    def alive(self) -> Iterator[None]:
        """While this lasts the claim holds, however long a step takes."""
        over = threading.Event()

        def keep() -> None:
            while not over.wait(self.ledger.lease_s / 3):
                try:
                    self.save()
                except (ClaimLost, StoreUnavailable):
                    continue  # the worker itself finds out at its next word

        thread = threading.Thread(target=keep, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _change(self, change: Callable[[Chunk], Chunk]) -> None:
        with self._lock:
            owner = self.chunk.owner
            moved = self.ledger.move(
                self.backfill_id, self.chunk.number, lambda chunk: change(chunk) if chunk.owner == owner else None
            )
            self._saved = self.ledger.now()
            if moved is None:
                raise ClaimLost(f"chunk {self.chunk.number} of {self.backfill_id}")
            self.chunk = moved
