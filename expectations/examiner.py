"""The gate as the tasks see it: a candidate in, a verdict out, and nothing of Great Expectations in this process.

Importing Great Expectations takes 8 to 10 s and 240 MB, so it is paid once, in a process of our own
(`expectations.server`) that can be started long before it is needed and that forks for every examination; where one
stands by (`expectations.standby`), that process is a fork of it, and nothing is paid. It is our
own and not one of `multiprocessing`, because those import the caller's main module again, which in a Prefect flow run
is Prefect's engine, and because it must get neither the caller's secrets nor its terminal.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory, gettempdir
from threading import RLock
from types import TracebackType
from typing import BinaryIO, cast

from datazones.catalogue.entries import Feed
from datazones.errors import DiskFull, ValidatorBroken
from datazones.lacking import what_is_lacking
from datazones.model import Verdict
from expectations.case import ANSWER, CASE, Answer, Case
from expectations.standby import connected

READY = 120.0
"""Seconds that the import may take."""

GRACE = 10.0
"""Seconds beyond an examination's own after which the examining process itself is taken for hung."""

CHUNK = 1 << 16

_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
"""All that the examining process gets of our environment: no secret, no proxy, no home."""


class Examiner:
    """Examines candidates, one at a time; use it in a `with` block.

    `seconds` (wall) and `memory_mb` (MiB, of DuckDB) bound one examination, `standby` is the socket where an examining
    process may stand by. `import_seconds` is what the import took, None before the first verdict.
    """

    def __init__(
        self, *, seconds: float = 600.0, memory_mb: int = 768, threads: int = 2, standby: Path | None = None
    ) -> None:
        self._seconds, self._memory_mb, self._threads = seconds, memory_mb, threads
        self._standby = standby
        self._lock = RLock()
        self._process: _Process | None = None
        self.import_seconds: float | None = None

    def __enter__(self) -> Examiner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Start the import now and return at once."""
        with self._lock:
            self._started()

    def ready(self) -> None:
        """Wait until the import is done; ValidatorBroken if it failed."""
        with self._lock:
            process = self._started()
            if self.import_seconds is None:
                answer = process.answer(READY)
                if process.silent and self._standby:  # what stood by was just ended: it is not needed
                    self._stop()
                    self._standby = None
                    answer = self._started().answer(READY)
                self.import_seconds = self._judged(answer, "the rules").ready_after

    def examine(
        self,
        candidate: Path,
        *,
        published: Path | None,
        today: date,
        zone_id: str,
        feeds: tuple[Feed, ...] = (),
        neighbours: Mapping[str, Path] | None = None,
    ) -> Verdict:
        """What the rules say of `candidate`, also beside the zone's last `published` file.

        `feeds` are those of the zone as the catalogue has them, `neighbours` the published files of other zones.
        ValidatorBroken when no verdict was reached: nothing is then said about the data.
        """
        with self._lock:
            self.ready()
            process = self._started()
            case = Case(
                zone_id=zone_id,
                candidate=candidate.resolve(),
                published=published and published.resolve(),
                today=today,
                spill=process.folder,
                memory_mb=self._memory_mb,
                threads=self._threads,
                seconds=self._seconds,
                feeds=feeds,
                neighbours={zone: path.resolve() for zone, path in (neighbours or {}).items()},
            )
            verdict = self._judged(process.ask(case), zone_id).verdict
        return cast("Verdict", verdict)

    def close(self) -> None:
        """End the examining process."""
        with self._lock:
            self._stop()

    def _started(self) -> _Process:
        if self._process is None:
            self._process, self.import_seconds = _Process(self._standby), None
        return self._process

    def _judged(self, answer: Answer, subject: str) -> Answer:
        """The answer, unless it says what is broken; a process that fell silent is thrown away."""
        if self._process is not None and self._process.silent:
            self._stop()
        if answer.broken is not None:
            examination = f"the examination of {subject}"
            lacking = what_is_lacking(answer.broken, examination, Path(gettempdir()))
            if isinstance(lacking, DiskFull):
                raise lacking
            raise ValidatorBroken(
                examination,
                found=answer.broken,
                expected="a verdict",
                next_step="nothing was said about the data and nothing is published; mend the validator and run again",
            )
        return answer

    def _stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None


class _Process:
    """The examining process, ours or a fork of what stands by, and the wires to it; what it prints goes to a file in
    `folder`.

    `silent` is True once it gave no answer: it is then of no use any more.
    """

    def __init__(self, standby: Path | None) -> None:
        self._temporary = TemporaryDirectory(prefix="datazones-examiner-")
        self.folder = Path(self._temporary.name)
        self.silent = False
        self._log = self.folder / "log"
        self._child: subprocess.Popen[bytes] | None = None
        with self._log.open("wb") as log:
            wire = connected(standby, self.folder, log.fileno()) if standby else None
            self._wire = wire or self._begun(log)

    def _begun(self, log: BinaryIO) -> socket.socket:
        """The wire to a process of our own."""
        wire, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "expectations.server", str(self.folder)],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
                start_new_session=True,
            )
        return wire

    def ask(self, case: Case) -> Answer:
        """Put one question and wait for its answer."""
        try:
            self._wire.sendall(CASE.dump_json(case) + b"\n")
        except OSError:
            return self._no_answer("is gone")
        return self.answer(case.seconds + GRACE)

    def answer(self, seconds: float) -> Answer:
        """The next answer; one that says what is broken if there is none in time."""
        deadline = time.monotonic() + seconds
        held = b""
        while not held.endswith(b"\n"):
            ready, _, _ = select([self._wire], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return self._no_answer(f"gave no answer in {seconds:g} s")
            piece = self._received()
            if not piece:
                return self._no_answer("ended")
            held += piece
        answer = ANSWER.validate_json(held)
        return answer if answer.broken is None else replace(answer, broken=answer.broken + self._last_words())

    def stop(self) -> None:
        """End it and all it started, and clear away what it wrote."""
        if self._child:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        with self._wire, suppress(OSError):
            self._wire.shutdown(socket.SHUT_WR)  # the end of a fork, which then lets go of the wire
            self._wire.settimeout(GRACE)
            while self._received():
                pass
        self._temporary.cleanup()

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
        }

    def _received(self) -> bytes:
        """What comes next; nothing once the other side is gone."""
        try:
            return self._wire.recv(CHUNK)
        except ConnectionResetError:
            return b""

    def _no_answer(self, how: str) -> Answer:
        self.silent = True
        return Answer(broken=f"the examining process {how}{self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line for line in lines if line.strip()]
        return f"; it last said: {said[-1]}" if said else ""
