"""A rate that several processes of one machine keep together: a bucket of one token, in a locked file.

The file holds the instant at which the next call is due. Whoever takes a turn moves it on, before it waits, so calls
come evenly spaced however many processes ask.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

_CLOCK_MOVED_S = 3_600.0
"""Nothing is ever put off further than this; what is, was written under a clock that has been set back since."""


class Quota:
    """The calls to one host."""

    def __init__(self, folder: Path, host: str, calls_per_minute: float) -> None:
        self._file = folder / (re.sub(r"[^a-z0-9.-]", "_", host.lower()) + ".turn")
        self._apart_s = 60.0 / calls_per_minute

    def turn(self, longest_s: float) -> float:
        """The seconds until our turn. It is ours, and the next one's is later, unless that is beyond `longest_s`."""

        def take(now: float, due: float) -> float:
            begins = max(now, due)
            return begins + self._apart_s if begins - now <= longest_s else due

        now, due = self._change(take)
        return max(0.0, due - now)

    def wait(self) -> float:
        """The seconds until the next turn, which nobody takes by asking."""
        now, due = self._change(lambda _, due: due)
        return max(0.0, due - now)

    def hold(self, seconds: float) -> None:
        """The provider asked to be left alone: nobody's next turn is before that."""
        self._change(lambda now, due: max(due, now + min(seconds, _CLOCK_MOVED_S)))

    def _change(self, move: Callable[[float, float], float]) -> tuple[float, float]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            now = time.time()
            due = _read(file.read(64), now)
            file.seek(0)
            file.truncate()
            file.write(f"{move(now, due):.6f}")
        return now, due


def _read(text: str, now: float) -> float:
    """The instant in the file; the present where there is none that can be meant."""
    try:
        due = float(text)
    except ValueError:
        return now
    return due if due - now <= _CLOCK_MOVED_S else now
