"""A provider's own quota: so many calls in so many seconds, and 429 with Retry-After beyond them."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass

from infra.simulator.exchange import Answer


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` to a host within any `seconds`."""

    calls: int
    seconds: float


class Quotas:
    """Thread-safe. A call that is refused does not count against the quota, but is told of by the journal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits: dict[str, Limit] = {}
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def set(self, host: str, limit: Limit) -> None:
        with self._lock:
            self._limits[host] = limit
            self._calls[host].clear()

    def plain(self) -> dict[str, object]:
        return {host: {"calls": limit.calls, "seconds": limit.seconds} for host, limit in self._limits.items()}

    def refusal(self, host: str) -> Answer | None:
        """429 and when to come again; None where the call is within the quota."""
        limit = self._limits.get(host)
        if limit is None:
            return None
        with self._lock:
            now, calls = time.monotonic(), self._calls[host]
            while calls and calls[0] <= now - limit.seconds:
                calls.popleft()
            if len(calls) < limit.calls:
                calls.append(now)
                return None
            wait = calls[0] + limit.seconds - now
        return Answer(b"", 429, (("Retry-After", str(math.ceil(wait))),))
