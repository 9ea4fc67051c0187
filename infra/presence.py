"""Which runs are alive on this machine: each holds the lock of a file of its own until its process ends.

However it ends: a lock goes with its process, and no process that comes later with the same number is mistaken for it.
This imports nothing that takes time, because the first thing a run does is to say that it lives.
"""

from __future__ import annotations

import fcntl
import os
import time

RUN = "PREFECT__FLOW_RUN_ID"
"""By this a worker tells a process which run it is."""

HOME = "DATAZONES_HOME"

KEPT_S = 86_400.0
"""So long the file of a run that has ended is kept: nobody asks about it later."""

HELD = "DATAZONES_PRESENT"
"""The run that this process, or the one that stands in for it, holds the lock of."""

_kept: list[int] = []


def folder(home: str | os.PathLike[str]) -> str:
    """Where the runs of this machine are known."""
    return os.path.join(home, "runs")  # noqa: PTH118 - see above


def hold(home: str | os.PathLike[str] | None = None) -> None:
    """This process is at work for its run, if it is one, from now until it ends; `home` unset: as the environment has
    it. One whose stand-in holds the lock already needs none."""
    run, where = os.environ.get(RUN), home or os.environ.get(HOME)
    if run is None or where is None or os.environ.get(HELD) == run:
        return
    os.makedirs(folder(where), exist_ok=True)  # noqa: PTH103
    lock = os.open(_path(folder(where), run), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while not _taken(lock):
        time.sleep(0.01)  # whoever asks whether we are alive has it for an instant
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    os.environ[HELD] = run
    _kept.append(lock)


def alive(where: str, run: str) -> bool | None:
    """Whether a process of this machine is at work for the run; None when none of this machine ever was."""
    try:
        lock = os.open(_path(where, run), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return not _taken(lock)
    finally:
        os.close(lock)


def process(where: str, run: str) -> int:
    """The number of the process that is at work for the run."""
    with open(_path(where, run)) as said:  # noqa: PTH123
        return int(said.read())


def forget(where: str) -> None:
    """Remove the files of runs that ended long ago."""
    for run in os.listdir(where) if os.path.isdir(where) else ():  # noqa: PTH112, PTH208
        path = _path(where, run)
        if time.time() - os.stat(path).st_mtime > KEPT_S and not alive(where, run):  # noqa: PTH116
            os.unlink(path)  # noqa: PTH108


def _path(where: str, run: str) -> str:
    return os.path.join(where, run)  # noqa: PTH118


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
