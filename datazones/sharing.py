"""One asking for all zones that want the same: what a provider has just answered is taken from the store.

    shared/answers/<sha256 of the question>.json   who is asking it, or what was answered and when
    shared/raw/<sha256>                            the answer's bytes

Whoever comes first asks; who comes meanwhile waits; who comes later, within the bound of freshness, takes the answer.
Each zone keeps the bytes it takes under its own prefix all the same, before anything looks at them: what a zone has
published can be made again from what is its own, and nothing that is shared is ever relied on later.

Whoever may write `shared/` is believed by all who may read it. A zone's own key may only read there (`datazones doctor
--policies`): the workers of one owner share a key that may write, and where a put is refused a worker asks for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import orjson

from datazones.errors import CatalogueInvalid, NotPermitted, StoreUnavailable
from datazones.model import Request
from datazones.publishing import Store
from datazones.publishing.allowing import SHARED
from datazones.transport import Answer, Manners, request_key
from datazones.transport.collecting import Asks

LOOK_S = 0.2
WHOLE, NOT_MODIFIED = 200, 304
LONGER_S = 30.0
"""So much longer than a question may take whoever asks it is waited for: then they are dead."""


@dataclass(frozen=True, slots=True)
class _Note:
    """What is known of a question: until when it is being asked (seconds of the epoch), when it was answered, and how.

    Without a digest only this is known: that what has these headers is what there is.
    """

    asked_until: float = 0.0
    answered_at: datetime | None = None
    digest: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        return orjson.dumps({**{name: getattr(self, name) for name in self.__slots__}, "write_id": uuid4().hex})

    @classmethod
    def read(cls, content: bytes) -> _Note:
        given = orjson.loads(content)
        answered = given["answered_at"]
        at = datetime.fromisoformat(answered) if answered else None
        return cls(given["asked_until"], at, given["digest"], given["headers"])

    def matches(self, etag: str | None, last_modified: str | None) -> bool:
        """Whether this is the state of which somebody holds an answer with these headers."""
        if etag:
            return self.headers.get("etag") == etag
        return last_modified is not None and self.headers.get("last-modified") == last_modified


@dataclass(frozen=True, slots=True)
class _Claim:
    """It is we who ask: the ETag of our word that we do, and what was known before."""

    etag: str
    before: _Note


class Shared:
    """Asks for one feed of one zone, and shares what is answered with whoever asks the same within `fresh`.

    All answers of one collecting are taken together: none that is older than the first one, so that pages are of one
    state; and a question that is asked twice is asked of the provider, for its first answer was no good.
    """

    def __init__(self, asks: Asks, store: Store, clock: Callable[[], datetime], fresh: timedelta) -> None:
        self._asks, self._store, self._clock, self._fresh = asks, store, clock, fresh
        self._not_before: datetime | None = None
        self._served: set[str] = set()

    @property
    def manners(self) -> Manners:
        """How the provider is treated."""
        return self._asks.manners

    def ask(self, request: Request, *, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """The answer, as the transport gives it, or as it gave it to somebody else."""
        name = request_key(request)
        again = name in self._served
        self._served.add(name)
        if request.after_s is not None:
            return self._asks.ask(request, etag=etag, last_modified=last_modified)
        key = f"{SHARED}/answers/{sha256(name.encode()).hexdigest()}.json"
        try:
            found = self._taken_or_claimed(key, etag, last_modified, again=again)
        except (NotPermitted, CatalogueInvalid, StoreUnavailable):
            return self._asks.ask(request, etag=etag, last_modified=last_modified)
        answer = found if isinstance(found, Answer) else self._asked(key, found, request, etag, last_modified)
        self._not_before = self._not_before or answer.retrieved_at
        return answer

    def _taken_or_claimed(
        self, key: str, etag: str | None, last_modified: str | None, *, again: bool
    ) -> Answer | _Claim:
        """The answer of somebody else, when it is there; or our claim to be the one who asks."""
        while True:
            content, held = self._store.get(key) or (None, None)
            note = _Note.read(content) if content else _Note()
            if not again and (taken := self._taken(note, etag, last_modified)):
                return taken
            if time.time() < note.asked_until:
                time.sleep(LOOK_S)
                continue
            word = replace(note, asked_until=time.time() + self.manners.deadline_s + LONGER_S).content()
            self._store.swap(key, word, held)
            content, held = self._store.get(key) or (None, None)
            if content == word and held:
                return _Claim(held, note)

    def _taken(self, note: _Note, etag: str | None, last_modified: str | None) -> Answer | None:
        """What was answered lately enough, if anybody has its bytes."""
        at = note.answered_at
        if at is None or self._clock() - at > self._fresh or (self._not_before and at < self._not_before):
            return None
        if note.matches(etag, last_modified):
            return Answer(NOT_MODIFIED, note.headers, b"", at, not_modified=True)
        body = self._store.get(f"{SHARED}/raw/{note.digest}") if note.digest else None
        if body is None or sha256(body[0]).hexdigest() != note.digest:
            return None
        return Answer(WHOLE, note.headers, body[0], at)

    def _asked(self, key: str, claim: _Claim, request: Request, etag: str | None, last_modified: str | None) -> Answer:
        """Ask, and say what was answered; whatever came instead, nobody need wait for us any longer."""
        told = replace(claim.before, asked_until=0.0)
        try:
            answer = self._asks.ask(request, etag=etag, last_modified=last_modified)
            told = self._told(answer, claim.before, etag, last_modified)
            return answer
        finally:
            self._store.swap(key, told.content(), claim.etag)

    def _told(self, answer: Answer, before: _Note, etag: str | None, last_modified: str | None) -> _Note:
        if answer.not_modified:
            named = {"etag": etag, "last-modified": last_modified}
            held = (
                before if before.matches(etag, last_modified) else _Note(headers={n: v for n, v in named.items() if v})
            )
            return replace(held, asked_until=0.0, answered_at=answer.retrieved_at)
        if answer.status != WHOLE:
            return replace(before, asked_until=0.0)
        digest = sha256(answer.body).hexdigest()
        self._store.create(f"{SHARED}/raw/{digest}", answer.body)
        return _Note(answered_at=answer.retrieved_at, digest=digest, headers=answer.remembered)
