"""Which runs are alive on this machine: each holds the lock of a file of its own until its process ends.

However it ends: a lock goes with its process, and no process that comes later with the same number is mistaken for it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import IO

from infra import locks

KEPT_S = 86_400.0
"""So long the file of a run that has ended is kept: nobody asks about it later."""

_held: dict[Path, IO[str]] = {}


def hold(folder: Path, run: str) -> None:
    """This process is at work for the run, from now until it ends."""
    path = folder / run
    if path in _held:
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = path.open("a")
    if locks.taken(handle):
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
    _held[path] = handle


def alive(folder: Path, run: str) -> bool | None:
    """Whether a process of this machine is at work for the run; None when none of this machine ever was."""
    path = folder / run
    return locks.is_held(path) if path.exists() else None


def process(folder: Path, run: str) -> int:
    """The number of the process that is at work for the run."""
    return int((folder / run).read_text())


def forget(folder: Path) -> None:
    """Remove the files of runs that ended long ago."""
    for path in folder.glob("*"):
        if time.time() - path.stat().st_mtime > KEPT_S and not locks.is_held(path):
            path.unlink(missing_ok=True)
