"""Child processes that end when they are no longer needed, however their parent ends."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1

ANSWER_S = 5.0

_LISTENED_ON = (10_240, 32_768)
"""Below what Linux, macOS and Windows take for connections unless they are told otherwise."""


def start(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    *,
    tied: bool = True,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches us first; its words go to `log`.

    Tied, it is killed when the thread that started it ends; else it must know by itself when to end. `user` is whom it
    runs as (unset: as we do), with that user's group and no other.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as words:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            preexec_fn=die_with_parent if tied and sys.platform == "linux" else None,
        )


def die_with_parent() -> None:
    """From now on this process is killed when the thread that started it ends. Linux only."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def stop(child: subprocess.Popen[bytes], patience_s: float = 10.0) -> None:
    """End a process we started: asked first, then made to."""
    child.terminate()
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def stop_all(children: Sequence[subprocess.Popen[bytes]], patience_s: float) -> None:
    """End processes we started and all that they started in their sessions: asked together, then made to."""
    until = time.monotonic() + patience_s
    for child in children:
        child.terminate()
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, until - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def answers(url: str) -> bool:
    """Whether a server we started answers there."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S):
            return True
    except (urllib.error.URLError, OSError):
        return False


def refusal(host: str, port: int) -> str | None:
    """Why a server cannot listen there now; None if it can."""
    try:
        with socket.create_server((host, port)):  # also where an earlier server's connections have not all gone
            return None
    except OSError as error:
        return error.strerror or str(error)


def free_port() -> int:
    """A port of loopback that nothing listens on. It is not one of those that the system gives to connections: they
    would be gone before a server that is only then started listens there."""
    while True:
        port = random.randrange(*_LISTENED_ON)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
