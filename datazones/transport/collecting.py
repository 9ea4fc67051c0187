"""All answers to the questions of a feed: pages followed, deferred answers waited for, one state of the provider's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

from datazones import dialects
from datazones.errors import PagesShifted, ProviderRefused, ResponseMalformed
from datazones.model import Landed, Request
from datazones.transport.exchanging import unavailable
from datazones.transport.manners import Answer, Manners
from datazones.transport.naming import request_key
from datazones.transport.waiting import Deadline, retry_after

Keep = Callable[[Request, Answer], Landed]
Held = Callable[[Request], tuple[Landed, bytes] | None]


class Asks(Protocol):
    """Whoever has an answer to a question: the transport, or who remembers what the transport was told."""

    @property
    def manners(self) -> Manners:
        """How the provider is treated."""

    def ask(self, request: Request, *, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """The whole answer."""


_PASSES = 3
_POLLED_AT_MOST_EVERY_S = 0.2
_NOTHING_FOUND = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)

_log = logging.getLogger("datazones.transport")


def _nothing_held(_request: Request) -> None:
    """Ask unconditionally."""


def collect(
    transport: Asks,
    requests: Sequence[Request],
    dialect: str,
    *,
    keep: Keep,
    held: Held = _nothing_held,
    patience_s: float = 900.0,
) -> list[Landed]:
    """Every answer, kept before anything looks at it, in the order of the questions and their pages.

    `held` gives the answer that is held to a question, and its bytes: the provider may then say 'not modified', and
    those bytes are kept again as its answer. `patience_s` is how long one deferred answer is waited for; till then it
    is asked for as often as the provider says (Retry-After), else its dialect, and 'not found' means not ready.
    Nothing found (204, or an SDMX service's 404) is an answer of no bytes.

    PagesShifted when the pages of an answer belong to several states of the table, three times in a row;
    ProviderUnavailable when a deferred answer is not ready in time; and the errors of `Transport.ask` and the dialect.
    """
    begun = time.monotonic()
    asking = _Asking(transport, dialect, keep, held, patience_s)
    landed = [answer.landed for request in requests for answer in asking.answers(request)]
    _log.info(
        "asked %s: %d questions, %d answers (%d not modified), %d bytes, %.1f s",
        ", ".join(sorted({urlsplit(request.url).netloc for request in requests})),
        len(requests),
        len(landed),
        asking.not_modified,
        sum(each.size for each in landed),
        time.monotonic() - begun,
    )
    return landed


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    landed: Landed

    @property
    def nothing_found(self) -> bool:
        return self.answer.status in _NOTHING_FOUND


@dataclass
class _Asking:
    transport: Asks
    dialect: str
    keep: Keep
    held: Held
    patience_s: float
    not_modified: int = 0

    def answers(self, request: Request) -> list[_Kept]:
        """The answer to one question, all its pages of one state."""
        if request.part != "data":
            return [self._ask(request, request, self.held)]
        held = self.held
        for _ in range(_PASSES - 1):
            try:
                return self._whole(request, held)
            except PagesShifted as shifted:
                _log.warning("asking again from the first page: %s", shifted.found)
                held = _nothing_held
        return self._whole(request, held)

    def _whole(self, request: Request, held: Held) -> list[_Kept]:
        pages = list(self._pages(request, held))
        if not pages[0].nothing_found:
            dialects.whole(self.dialect, [page.answer.body for page in pages])
        return pages

    def _pages(self, request: Request, held: Held) -> Iterator[_Kept]:
        """The answer and what follows it; what is deferred is asked for until it is there, in place of its promise."""
        deadline = Deadline(self.patience_s)
        room = _Room(request, self.transport.manners.inflated_cap_bytes)
        pending = [(request, request)]
        polled: set[str] = set()
        while pending:
            asked, name = pending.pop(0)
            self._wait(asked, polled, deadline)
            first = self._awaited(asked, name, held)
            if first is None:
                pending.insert(0, (asked, name))
                continue
            further = () if first.nothing_found else dialects.following(self.dialect, asked, first.answer.body)
            if any(later.after_s is not None for later in further):
                promised = [_promised(later, asked, first.answer) for later in further]
                pending = [(later, name if len(further) == 1 else later) for later in promised] + pending
                continue
            yield room.taken(first)
            yield from (room.taken(self._ask(page, page, held)) for page in further)

    def _awaited(self, asked: Request, name: Request, held: Held) -> _Kept | None:
        """One answer; None where a deferred one is not there yet."""
        try:
            return self._ask(asked, name, held)
        except ProviderRefused as refused:
            if asked.after_s is None or refused.status != HTTPStatus.NOT_FOUND:
                raise
            _log.info("%s is not there yet", refused.subject)
            return None

    def _wait(self, asked: Request, polled: set[str], deadline: Deadline) -> None:
        """Wait until a deferred answer may be there; ProviderUnavailable when that is later than we wait at all."""
        if asked.after_s is None:
            return
        key = request_key(asked)
        wait = max(asked.after_s, _POLLED_AT_MOST_EVERY_S if key in polled else 0.0)
        polled.add(key)
        if wait >= deadline.left():
            raise unavailable(key, f"an answer that is still not ready after {deadline.seconds:g} s")
        time.sleep(wait)

    def _ask(self, asked: Request, name: Request, held: Held) -> _Kept:
        """One answer, kept under the name of the question it belongs to."""
        before = held(name)
        if before is None:
            return self._kept(name, self.transport.ask(asked))
        landed, body = before
        headers = landed.headers
        answer = self.transport.ask(asked, etag=headers.get("etag"), last_modified=headers.get("last-modified"))
        if answer.not_modified:
            self.not_modified += 1
            answer = replace(answer, body=body, headers={**headers, **answer.headers})
        return self._kept(name, answer)

    def _kept(self, name: Request, answer: Answer) -> _Kept:
        """ResponseMalformed for an answer of no bytes, which says neither that nothing was found nor anything else."""
        kept = _Kept(answer, self.keep(name, answer))
        if not answer.body.strip() and not kept.nothing_found:
            raise ResponseMalformed(
                request_key(name),
                found=f"{answer.status} with an empty body",
                expected="an answer, or a status that says that nothing was found",
                next_step="look at the question in a browser; if it lasts, ask the provider",
            )
        return kept


def _promised(later: Request, asked: Request, promise: Answer) -> Request:
    """What is asked for later: when the provider says rather than when the dialect guesses, and never less safely."""
    wait = retry_after(promise.headers, lambda: promise.retrieved_at)
    encrypted = asked.url.startswith("https:") and later.url.startswith("http:")
    url = later.url.replace("http:", "https:", 1) if encrypted else later.url
    return replace(later, url=url, after_s=later.after_s if wait is None else wait)


@dataclass
class _Room:
    """What the pages of one answer may take together: as much as an answer of one piece."""

    request: Request
    left: int

    def taken(self, page: _Kept) -> _Kept:
        self.left -= len(page.answer.body)
        if self.left < 0:
            raise ResponseMalformed(
                request_key(self.request),
                found="pages that together go past the cap of one answer",
                expected="at most inflated_cap_bytes",
                next_step="ask for a smaller window at once, or raise the cap",
            )
        return page
