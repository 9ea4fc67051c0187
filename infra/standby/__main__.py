"""A run, as Prefect's worker starts it: the fork's stand-in, with the fork's end."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

from infra import presence

WHERE = "DATAZONES_STANDBY"
"""The setting that says where a process stands by; `datazones up` sets it for its workers."""

PASSED_ON = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Be the run: a fork of the one that stands by, or a process that begins anew."""
    try:
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.connect(os.environ[WHERE])
    except (KeyError, OSError):
        os.execv(sys.executable, [sys.executable, "-m", "prefect.engine"])
    presence.hold()
    asked = json.dumps({"environment": dict(os.environ), "folder": os.getcwd()}).encode()  # noqa: PTH109 - pathlib takes longer to import than all of this
    for each in PASSED_ON:
        signal.signal(each, lambda number, _: wire.sendall(bytes([number])))
    socket.send_fds(wire, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    wire.sendall(asked)
    _end_as(wire.recv(1))


def _end_as(said: bytes) -> None:
    """As the fork did: with its exit code, or by the signal that killed it; no word is the word of a killed one."""
    code = int.from_bytes(said, "big", signed=True) if said else -signal.SIGKILL
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
