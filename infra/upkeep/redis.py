"""A Redis of the installation's own, from Debian's packages, in a folder, on loopback with a password.

What Prefect keeps there (leases, messages on their way) is written to disk within a second and lost without harm: a
lease that is gone ends late, and what an event said stands in the zone's pointer.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from datazones.errors import StoreUnavailable

MOST_MEMORY = "256mb"


def url(port: int, password: str) -> str:
    """How Prefect's server finds it."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def prepare(folder: Path, port: int, password: str) -> None:
    """Write its settings, for our eyes only: the password is one of them, and a command line is everybody's."""
    path = settings(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\nappendonly yes\n"
        f"maxmemory {MOST_MEMORY}\nmaxmemory-policy noeviction\ndaemonize no\n"
    )


def settings(folder: Path) -> Path:
    return folder / "redis.conf"


def command(folder: Path) -> Sequence[str]:
    """The server in the foreground."""
    found = shutil.which("redis-server")
    if found is None:
        raise StoreUnavailable(
            "Redis for Prefect's server",
            found="no program redis-server",
            expected="the one of Debian's package redis-server",
            next_step="install it (apt-get install redis-server), or leave out --redis",
        )
    return [found, str(settings(folder))]


def is_ready(port: int) -> bool:
    """Whether it answers, be it that it wants a password first; one that still reads its files says LOADING."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False
