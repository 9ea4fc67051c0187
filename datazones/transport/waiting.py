"""How long to wait: the time one question may take, and what a provider's Retry-After asks for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d+(\.\d*)?", re.ASCII)
FOREVER_S = 366 * 86_400.0
"""Whatever is asked beyond a year is not told apart."""


class Deadline:
    """The moment at which a question ends, answered or not."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left; 0 when it is over."""
        return max(0.0, self._end - time.monotonic())


def retry_after(headers: Mapping[str, str], clock: Callable[[], datetime]) -> float | None:
    """The seconds a provider asks us to wait; None where it does not say, says no time at all, or cannot be read.

    Seconds may be fractional (RFC 9110 has whole ones only, providers do not keep to it). A date is measured against
    the answer's own Date, so that a wrong clock on either side does not matter.
    """
    said = headers.get("retry-after", "").strip()
    seconds = float(said[:20]) if _SECONDS.fullmatch(said) else _until(said, headers, clock)
    return min(seconds, FOREVER_S) if seconds and seconds > 0 else None


def _until(said: str, headers: Mapping[str, str], clock: Callable[[], datetime]) -> float | None:
    then = _instant(said)
    if then is None:
        return None
    return (then - (_instant(headers.get("date", "")) or clock())).total_seconds()


def _instant(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
