"""The examining process that stands by: `python -m expectations.standby SOCKET`.

To import Great Expectations costs more than most examinations. Where one stands by, an examiner that connects to its
socket gets a fork that has imported it already (`expectations.server` says what a fork does). The examiner hands over a
file for what is printed and names its folder; nothing else of either gets to the other, and the end of the connection
is the end of the fork.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from expectations import server

ASKING_S = 5.0
"""Who connects and does not say in this time what it wants keeps all others waiting."""

MESSAGE = 4096
"""Bytes that the path of a folder takes at most."""


def main() -> None:
    """Listen until somebody ends us."""
    path = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        gx = server.imported(Path(folder))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen()
        while True:
            wire, _ = listening.accept()
            with wire:
                _begin(gx, listening, wire)


def connected(path: Path, folder: Path, log: int) -> socket.socket | None:
    """The wire to a new fork, which writes to the file `log` and may use `folder`; None if nobody stands by there."""
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        wire.connect(str(path))
        socket.send_fds(wire, [os.fsencode(folder)], [log])
    except OSError:
        wire.close()
        return None
    return wire


def _begin(gx: ModuleType, listening: socket.socket, wire: socket.socket) -> None:
    """Fork for whoever says what it wants; who only looks whether somebody listens says nothing."""
    wire.settimeout(ASKING_S)
    try:
        folder, files, _, _ = socket.recv_fds(wire, MESSAGE, 1)
    except OSError:
        return
    if folder and files and os.fork() == 0:
        listening.close()
        _serve(gx, wire, Path(os.fsdecode(folder)), files[0])
    for file in files:
        os.close(file)


def _serve(gx: ModuleType, wire: socket.socket, folder: Path, log: int) -> NoReturn:
    """In the fork: what a process of the examiner's own would be from here on."""
    try:
        os.setsid()  # to end its own is to end all of its session
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(log, 1)
        os.dup2(log, 2)
        wire.settimeout(None)
        os.dup2(wire.fileno(), server.CASES)
        os.chdir(folder)
        os.environ.update({"HOME": str(folder), "TMPDIR": str(folder)})
        tempfile.tempdir = None  # it was looked up before
        server.serve(gx, wire.fileno(), folder, 0.0)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
