"""What the provider has answered before, by question: a backfill asks nothing twice, also after it was killed.

    <prefix>/raw/answers/<feed>/<first>_<last>/<sha256 of the question>     which raw answer it was

The note is written as soon as the answer has landed. On one machine the notes of all zones are known to each other, so
that a question which ten zones share is asked once, if within the week for which the machine remembers the answer.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from hashlib import sha256
from pathlib import Path

import orjson
import polars as pl

from datazones.backfilling.planning import SPAN
from datazones.copies import write_whole
from datazones.errors import UnknownCode
from datazones.landing import Landing
from datazones.model import Landed, Request, Window
from datazones.periods import period
from datazones.publishing import Store
from datazones.transport import Answer, Manners, request_key
from datazones.transport.collecting import Asks


class Answered:
    """The notes of one zone about one feed; `folder` is this machine's."""

    def __init__(self, store: Store, landing: Landing, prefix: str, folder: Path, feed_id: str) -> None:
        self._store = store
        self._landing = landing
        self._prefix = f"{prefix}/raw/answers/{feed_id}/"
        self._folder = folder / "answers"
        self._known: set[str] | None = None

    def spans(self, zone_id: str) -> pl.DataFrame:
        """How many questions of each window were answered: `SPAN` and `answers`."""
        counted: dict[str, int] = {}
        for listed in self._store.listing(self._prefix):
            window = listed.key.removeprefix(self._prefix).partition("/")[0]
            counted[window] = counted.get(window, 0) + 1
        rows = [(zone_id, *_days(window), count) for window, count in counted.items()]
        return pl.DataFrame(rows, schema={**SPAN, "answers": pl.UInt32}, orient="row")

    def find(self, window: Window, request: Request, backfill_id: str, *, force: bool) -> tuple[Landed, Answer] | None:
        """The answer to this question: asked for this backfill, or before (unless `force`) when the window was over."""
        name = _name(request)
        if self._has(window, name):
            content = self._local(name) or (self._store.get(self._key(window, name)) or (None,))[0]
            own = True
        else:
            content, own = self._local(name), False
        if content is None:
            return None
        note = orjson.loads(content)
        landed = Landed.from_plain(note["landed"])
        if note["backfill_id"] != backfill_id and (force or landed.retrieved_at < _over(window)):
            return None
        if not own and not self._landing.is_here(landed):
            return None
        body = self._landing.path(landed).read_bytes()
        answer = Answer(note["status"], landed.headers, body, landed.retrieved_at)
        if not own:
            self.keep(window, request, answer, note["backfill_id"])
        return landed, answer

    def keep(self, window: Window, request: Request, answer: Answer, backfill_id: str) -> Landed:
        """The raw bytes, then the note that says what they answer."""
        landed = self._landing.keep(
            answer.body,
            request_key=request_key(request),
            part=request.part,
            retrieved_at=answer.retrieved_at,
            headers=answer.remembered,
        )
        note = orjson.dumps({"landed": landed.plain(), "status": answer.status, "backfill_id": backfill_id})
        name = _name(request)
        key = self._key(window, name)
        held = self._store.get(key) if self._has(window, name) else None
        self._store.swap(key, note, held[1] if held else None)
        self._remembered(window, name)
        write_whole(self._folder / name, note)
        return landed

    @contextmanager
    def once(self, request: Request) -> Iterator[None]:
        """While one process of this machine asks a question, another one that has the same waits for its answer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{_name(request)[:2]}.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _key(self, window: Window, name: str) -> str:
        return f"{self._prefix}{_written(window)}/{name}"

    def _has(self, window: Window, name: str) -> bool:
        """Whether the zone itself has a note; asked for all windows at once, for most have none."""
        if self._known is None:
            self._known = {listed.key for listed in self._store.listing(self._prefix)}
        return self._key(window, name) in self._known

    def _remembered(self, window: Window, name: str) -> None:
        if self._known is not None:
            self._known.add(self._key(window, name))

    def _local(self, name: str) -> bytes | None:
        path = self._folder / name
        return path.read_bytes() if path.exists() else None


@dataclass
class Remembering:
    """Asks the provider what nobody has asked before, and keeps what it says before anybody looks at it.

    An answer that was there already counts as retrieved now: the zone knows it from now on, and what it is said to have
    known before must not change. `calls` counts what the provider was asked, `size` the bytes that it sent.
    """

    transport: Asks
    answered: Answered
    window: Window
    backfill_id: str
    clock: Callable[[], datetime]
    force: bool
    calls: int = 0
    size: int = 0
    _kept: dict[bytes, Landed] = field(default_factory=dict)

    @property
    def manners(self) -> Manners:
        return self.transport.manners

    def ask(self, request: Request, *, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """The answer that is there, or the provider's."""
        with self.answered.once(request):
            found = self.answered.find(self.window, request, self.backfill_id, force=self.force)
            if found is None:
                answer = self.transport.ask(request, etag=etag, last_modified=last_modified)
                self.calls += 1
                self.size += len(answer.body)
                landed = self.answered.keep(self.window, request, answer, self.backfill_id)
            else:
                landed, answer = found
                landed = replace(landed, retrieved_at=max(landed.retrieved_at, self.clock()))
        self._kept[sha256(answer.body).digest()] = landed
        return answer

    def keep(self, request: Request, answer: Answer) -> Landed:
        """The landed answer under the question it belongs to."""
        landed = self._kept[sha256(answer.body).digest()]
        return replace(landed, request_key=request_key(request), part=request.part)


def _name(request: Request) -> str:
    return sha256(request_key(request).encode()).hexdigest()


def _written(window: Window) -> str:
    return f"{window.first_period}_{window.last_period}".replace("/", "-")


def _days(written: str) -> tuple[object, object]:
    first, _, last = written.partition("_")
    try:
        return period(first).start, period(last).end
    except UnknownCode:
        return None, None


def _over(window: Window) -> datetime:
    """When the window was over."""
    assert window.last_period
    return datetime.combine(period(window.last_period).end, time(), UTC)
