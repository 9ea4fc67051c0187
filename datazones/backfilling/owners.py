"""Who has a chunk: a process of a machine, by a name that tells whether it lives to whoever is on the same machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import uuid4


def ours() -> str:
    """A name of this process that no other claim has."""
    return f"{_machine()}:{os.getpid()}:{_begun(os.getpid())}:{uuid4().hex[:8]}"


def is_gone(owner: str) -> bool:
    """Whether it was a process of this machine that has ended. Of other machines only a claim that runs out tells."""
    machine, _, rest = owner.partition(":")
    if machine != _machine():
        return False
    pid, begun, _ = rest.split(":")
    return _begun(int(pid)) != begun


def _machine() -> str:
    """The host in this boot, and the namespace in which its processes are numbered."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return f"{socket.gethostname()}-{boot}-{Path('/proc/self/ns/pid').readlink().name}".replace(":", "")


def _begun(pid: int) -> str:
    """When the process was begun, as the system counts; '' where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]
