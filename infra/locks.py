"""Locks of a folder that several processes share: they end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from datazones.errors import StoreUnavailable

POLL_S = 0.05


def taken(handle: IO[str]) -> bool:
    """Take the lock of an open file for ourselves alone, if nobody else has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def shared(path: Path) -> IO[str]:
    """The open file, its lock shared with others who do the same; `taken` tells the last of them."""
    handle = path.open("a")
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def is_held(path: Path) -> bool:
    """Whether some process holds the lock."""
    with path.open("a") as handle:
        return not taken(handle)


@contextmanager
def alone(path: Path, patience_s: float) -> Iterator[None]:
    """Hold the lock; StoreUnavailable when others do not let go of it in time."""
    until = time.monotonic() + patience_s
    with path.open("a") as handle:
        while not taken(handle):
            if time.monotonic() > until:
                raise StoreUnavailable(
                    str(path),
                    found="a lock that another process holds",
                    expected=f"it to be free within {patience_s:.0f} s",
                    next_step="see which process has this file open, and run again when it has ended",
                )
            time.sleep(POLL_S)
        yield
