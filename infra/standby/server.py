"""The process that stands by: `python -m infra.standby.server SOCKET [MODULE]`, MODULE being what a fork becomes.

It imports what every run needs, once, and nothing that starts threads, for a fork has only one: polars and DuckDB are
the run's to import. A fork whose stand-in is gone is killed; forks of a killed server die with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from infra.children import die_with_parent

ENGINE = "prefect.engine"

ABSENT = ("pandas",)
"""What a run does without: DuckDB looks for it at the first parameter it is given, and half a second is gone."""

ASKING_S = 5.0
"""A stand-in that does not say in this time what it wants keeps all others waiting."""

NEEDED = (
    ENGINE, "prefect.flow_engine", "prefect.task_engine", "prefect.deployments.steps.core",
    "prefect.client.orchestration", "prefect.artifacts", "prefect.events", "prefect.logging.handlers",
    "prefect.states", "websockets.asyncio.client",
    "boto3", "botocore.endpoint", "pydantic_settings", "cryptography.hazmat.primitives.asymmetric.ed25519", "stamina",
    "jinja2", "yaml", "tomllib",
)  # fmt: skip
"""What runs import. All of it is single-threaded: a test counts."""


def main() -> None:
    """Listen until somebody ends us."""
    path = Path(sys.argv[1])
    for name in NEEDED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is here stays: no fork has to walk it, or copy it by walking
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen()
        Standby(listening, sys.argv[2] if len(sys.argv) > 2 else ENGINE).serve()


def standing_by(path: Path) -> bool:
    """Whether one listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        return wire.connect_ex(str(path)) == 0


class Standby:
    """The forks that run, each by the wire to its stand-in."""

    def __init__(self, listening: socket.socket, module: str) -> None:
        self._listening, self._module = listening, module
        self._looking = selectors.DefaultSelector()
        self._looking.register(listening, selectors.EVENT_READ)
        self._forks: dict[int, socket.socket] = {}
        self._ended, self._waking = os.pipe()
        os.set_blocking(self._waking, False)
        signal.set_wakeup_fd(self._waking)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._looking.register(self._ended, selectors.EVENT_READ)

    def serve(self) -> None:
        while True:
            for key, _ in self._looking.select():
                if key.fileobj is self._listening:
                    self._begin()
                elif key.fd == self._ended:
                    os.read(self._ended, 4096)
                    self._bury()
                else:
                    self._hear(key.data)

    def _begin(self) -> None:
        wire, _ = self._listening.accept()
        wire.settimeout(ASKING_S)
        try:
            size, files, _, _ = socket.recv_fds(wire, 4, 3)
            asked = json.loads(_exactly(wire, int.from_bytes(size, "big")))
        except (OSError, ValueError):
            wire.close()
            return
        wire.settimeout(None)
        child = os.fork()
        if child == 0:
            self._run(files, asked["environment"], asked["folder"])
        for each in files:
            os.close(each)
        self._forks[child] = wire
        self._looking.register(wire, selectors.EVENT_READ, child)

    def _hear(self, child: int) -> None:
        """A signal to pass on; or the end of the stand-in, which is the end of the run."""
        said = b""
        with suppress(OSError):
            said = self._forks[child].recv(1)
        if not said:
            self._looking.unregister(self._forks[child])
        with suppress(ProcessLookupError):
            os.kill(child, said[0] if said else signal.SIGKILL)

    def _bury(self) -> None:
        """Tell the stand-ins of all forks that have ended how they did."""
        while self._forks:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            wire = self._forks.pop(child)
            with suppress(KeyError):
                self._looking.unregister(wire)
            with suppress(OSError):
                wire.sendall((code if code < 128 else 1).to_bytes(1, "big", signed=True))
            wire.close()

    def _run(self, files: list[int], environment: dict[str, str], folder: str) -> NoReturn:
        """In the fork: become the module, as if started there with these files and this environment."""
        parent = os.getppid()
        die_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, given in enumerate(files):
            os.dup2(given, number)
        self._forget(files)
        code = 1
        try:
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(folder)
            sys.argv = [self._module]
            sys.modules.update(dict.fromkeys(ABSENT))  # type: ignore[arg-type]  # None is how Python says: not there
            sys.path[0] = folder
            importlib.import_module("prefect.context").refresh_global_settings_context()
            if parent == os.getppid():
                sys.modules.pop(self._module, None)
                runpy.run_module(self._module, run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            _leave(code)

    def _forget(self, files: list[int]) -> None:
        """What is the server's: nobody but it may hold the wires of other runs."""
        self._looking.close()
        for held in (self._listening, *self._forks.values()):
            held.close()
        for number in (self._ended, self._waking, *files):
            os.close(number)


def _leave(code: int) -> NoReturn:
    """As an interpreter ends, for what Prefect sends at its end; but nothing of the server's is run."""
    import atexit
    import logging
    import threading

    with suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are not daemons, as an end does
        atexit._run_exitfuncs()
        logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _exactly(wire: socket.socket, size: int) -> bytes:
    held = b""
    while len(held) < size:
        piece = wire.recv(size - len(held))
        if not piece:
            raise ValueError("a stand-in that went away")
        held += piece
    return held


if __name__ == "__main__":
    main()
