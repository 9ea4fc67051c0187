"""The transport: ask one question until there is a whole answer or a reason why there is none."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

import httpx
import stamina

from datazones.errors import DatazonesError, ProviderRefused, RateLimited, Transient
from datazones.model import Request
from datazones.transport.addresses import Resolve, endpoint, rebased, system_resolve
from datazones.transport.answering import NOT_MODIFIED, REDIRECTS, WHOLE, answered_by, refusal
from datazones.transport.exchanging import Lines, Received
from datazones.transport.inflating import Caps
from datazones.transport.manners import Answer, Manners
from datazones.transport.proxies import DIRECTLY, Proxies
from datazones.transport.questions import Question, question
from datazones.transport.quota import Quota
from datazones.transport.waiting import Deadline
from datazones.transport.wire import Wire

_REDIRECTS_AT_MOST = 5

_log = logging.getLogger("datazones.transport")
stamina.instrumentation.set_on_retry_hooks([])  # they log that something is retried, not what: we do that ourselves


class Transport:
    """The client of one provider. A context manager; threads that share it are served one after the other.

    `providers_base` sends every question to that address instead of the provider: https://host/path is asked at
    <base>/host/path. Only there is a loopback or private address connected to without a setting that allows it.
    `proxies` are those that lead to the providers; a simulator is asked directly.
    """

    def __init__(
        self,
        manners: Manners,
        clock: Callable[[], datetime],
        providers_base: str | None = None,
        *,
        proxies: Proxies = DIRECTLY,
        resolve: Resolve = system_resolve,
    ) -> None:
        self.manners = manners
        self._clock = clock
        self._base = providers_base
        wire = Wire(resolve, manners.private_addresses_allowed)
        if providers_base is not None:
            wire.trust(*endpoint(httpx.URL(providers_base)))
            proxies = DIRECTLY
        self._lines = Lines(wire, manners.certificates, proxies)
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()

    def ask(self, request: Request, *, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """The whole answer. `etag` and `last_modified` are those of the answer that is held: it may be not modified.

        A transient failure is asked again, after a pause with jitter or the one the provider asks for, within the
        deadline. ProviderUnavailable, RateLimited, ProviderRefused, ResponseMalformed; CatalogueInvalid for a question
        that is not asked at all.
        """
        asked = question(request, self.manners, etag, last_modified)
        with self._one_at_a_time:
            deadline = Deadline(self.manners.deadline_s)
            longest = self._longest_pause()
            patiently = stamina.RetryingCaller(
                attempts=self.manners.attempts,
                timeout=None,
                wait_initial=longest / 8,
                wait_max=longest,
                wait_jitter=longest / 2,
            )
            try:
                return patiently(lambda error: self._pause(error, deadline), self._answer, asked, deadline)
            except DatazonesError as error:
                error.__context__ = None  # what the wire raised holds the request, with its secrets
                raise

    def _longest_pause(self) -> float:
        """Pauses of our own choice take at most a quarter of the time, all together."""
        return min(10.0, self.manners.deadline_s / (4 * self.manners.attempts))

    def _pause(self, error: Exception, deadline: Deadline) -> bool | float:
        """Whether to ask again after this error, and after how many seconds if the provider named them."""
        if not isinstance(error, Transient):
            return False
        wait = error.retry_after if isinstance(error, RateLimited) else None
        later = self._longest_pause() if wait is None else wait * random.uniform(1.0, 1.1)
        if later >= deadline.left() or (wait is not None and wait > self.manners.longest_wait_s):
            return False
        _log.info("asking %s again within %.1f s: %s", error.subject, later, error.found)
        return wait is None or later

    def _answer(self, asked: Question, deadline: Deadline) -> Answer:
        """One attempt, through the redirects it meets."""
        place = asked
        for _ in range(_REDIRECTS_AT_MOST + 1):
            self._take_turn(place, deadline)
            outcome = self._exchange(place, deadline)
            if isinstance(outcome, Answer):
                return outcome
            place = outcome
        raise ProviderRefused(
            asked.subject,
            found=f"more than {_REDIRECTS_AT_MOST} redirects, the last to {place.secrets.hide(str(place.url))}",
            expected="an answer",
            next_step="ask at the provider's new address",
        )

    def _exchange(self, place: Question, deadline: Deadline) -> Answer | Question:
        url = rebased(place.url, self._base)
        with self._lines.exchange(place, url, deadline) as received:
            if received.status in REDIRECTS:
                return place.redirected(received.status, received.headers.get("location", ""), self.manners)
            if received.status in WHOLE:
                return self._landed(received, received.body(self._caps))
            if received.status == NOT_MODIFIED and place.conditional:
                return self._landed(received, received.no_body())
            said = received.excerpt()
            body = answered_by(received.status, said)
            if body is not None:
                return self._landed(received, body)
            error = refusal(place, received.status, received.headers, said, self._clock)
        if isinstance(error, RateLimited) and error.retry_after and (quota := self._quota(place)):
            quota.hold(error.retry_after)
        raise error

    def _landed(self, received: Received, body: bytes) -> Answer:
        now = self._clock().astimezone(UTC)
        return Answer(received.status, received.public_headers, body, now, received.status == NOT_MODIFIED)

    @property
    def _caps(self) -> Caps:
        return Caps(self.manners.wire_cap_bytes, self.manners.inflated_cap_bytes, self.manners.ratio_cap)

    def _quota(self, place: Question) -> Quota | None:
        rate, folder = self.manners.calls_per_minute, self.manners.quota_folder
        return Quota(folder, place.host, rate) if rate is not None and folder is not None else None

    def _take_turn(self, place: Question, deadline: Deadline) -> None:
        """Wait until the rate we keep to lets us ask; RateLimited when that is too late."""
        quota = self._quota(place)
        if quota is not None:
            wait = quota.turn(deadline.left())
            self._refuse_late(place, wait, deadline.left())
            time.sleep(wait)
        if self.manners.turns is not None:
            longest = deadline.left()
            self._refuse_late(place, self.manners.turns(longest), longest)

    @staticmethod
    def _refuse_late(place: Question, wait: float, longest: float) -> None:
        if wait > longest:
            raise RateLimited(
                place.subject,
                found=f"a turn in {wait:.1f} s, as others ask {place.host} too",
                expected=f"a turn within the {longest:.1f} s that are left",
                next_step="nothing: the next run asks again; spread the schedules of this agency's feeds",
                retry_after=wait,
            )
