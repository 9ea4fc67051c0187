"""The process that keeps an installation up: `python -m infra.upkeep.supervisor PLAN`, PLAN being a line of JSON.

It starts the servers, tells Prefect of pool and deployments, starts the workers, and starts again whatever dies, a
little later each time it dies at once. A full disk passes: it says nothing until there is room again, and keeps on. On
SIGTERM it ends all of it. Killed, it takes its parts with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from types import FrameType

from pydantic import TypeAdapter

from datazones.settings import settings
from infra import local_s3, locks
from infra.children import start, stop_all
from infra.upkeep import parts
from infra.upkeep.parts import Process
from infra.upkeep.place import Part, Place, State
from infra.upkeep.plan import CODE, Plan

LOOK_S = 0.5
START_S = 420.0
HUNG_S = 90.0
"""So long a server that once answered may be silent before it is taken for hung."""

PATIENT_STARTS = 4
"""A part that ends so often before its first answer will not come up by itself."""

LONGEST_PAUSE_S = 15.0
DOUBLINGS = 5
"""After so many restarts the pause is at its longest; a year of restarts is no power of two to compute."""

MOST_LOG_BYTES = 64 << 20
"""Of each part's words; so many more are kept beside them as `.log.1`."""

DRAIN_S = 20.0
"""So long a worker may take to end what it does when everything is taken down."""

ENDS = (signal.SIGTERM, signal.SIGINT)

PLAN = TypeAdapter(Plan)


class Asked(BaseException):
    """Somebody asked us to end."""


@dataclass
class Kept:
    """A process that is kept up."""

    process: Process
    child: subprocess.Popen[bytes]
    restarts: int = 0
    healthy: bool = False
    answered_at: float | None = None
    begun_at: float = field(default_factory=time.monotonic)

    @property
    def part(self) -> Part:
        return Part(self.process.name, self.child.pid, self.healthy, self.restarts)

    @property
    def hung(self) -> bool:
        """Whether it runs and says nothing: for longer than a start takes, or than an answer may."""
        silent = time.monotonic() - (self.answered_at or self.begun_at)
        return not self.healthy and silent > (HUNG_S if self.answered_at else START_S)

    @property
    def may_start_again(self) -> bool:
        """At once after a long life; after a short one, later each time."""
        lived = time.monotonic() - self.begun_at
        return lived > min(LONGEST_PAUSE_S, LOOK_S * 2.0 ** min(self.restarts, DOUBLINGS))

    @property
    def overgrown(self) -> bool:
        """Whether it holds more memory than it may."""
        most = self.process.most_memory_mb
        return most is not None and self.child.poll() is None and resident_mb(self.child.pid) > most

    def look(self) -> None:
        """Ask how it is."""
        self.healthy = self.child.poll() is None and self.process.healthy()
        if self.healthy:
            self.answered_at = time.monotonic()


def resident_mb(pid: int) -> float:
    """Memory that a process holds, MB; 0 for one that is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def bound(log: Path, most: int = MOST_LOG_BYTES) -> None:
    """Let a log past its bound begin anew, the last one beside it if there is room; whoever writes it appends."""
    if log.exists() and log.stat().st_size > most:
        before = log.with_name(f"{log.name}.1")
        try:
            copyfile(log, before)
        except OSError:
            before.unlink(missing_ok=True)
        os.truncate(log, 0)


class Supervisor:
    """Keeps the parts of one plan up, and says how they are."""

    def __init__(self, plan: Plan, place: Place, temporary: Path) -> None:
        self._plan, self._place, self._temporary = plan, place, temporary
        self._servers: list[Kept] = []
        self._workers: list[Kept] = []

    def run(self) -> None:
        """Until it is interrupted."""
        try:
            for stage in parts.stages(self._plan):
                self._servers += self._begun(stage)
                self._await(self._servers)
            self._prepare(parts.preparation())
            self._workers = self._begun([*parts.workers(self._plan, self._temporary), *parts.watchers(self._plan)])
            self._await(self._workers)
            while True:
                self._look()
                time.sleep(LOOK_S)
        finally:
            self._end()

    def _end(self) -> None:
        """Workers first, then server by server: nobody is cut off from what it stands on."""
        for kept in (self._workers, *([server] for server in reversed(self._servers))):
            stop_all([one.child for one in kept], DRAIN_S)

    def _begun(self, processes: Iterable[Process]) -> list[Kept]:
        return [Kept(process, self._started(process)) for process in processes]

    def _started(self, process: Process) -> subprocess.Popen[bytes]:
        process.prepare()
        return start(process.command, self._place.log_of(process.name), process.environment, user=process.user)

    def _await(self, begun: Sequence[Kept]) -> None:
        until = time.monotonic() + START_S
        while silent := [kept for kept in begun if not kept.healthy]:
            if time.monotonic() > until or any(kept.restarts > PATIENT_STARTS for kept in silent):
                names = ", ".join(f"{kept.process.name} (starts: {kept.restarts + 1})" for kept in silent)
                raise TimeoutError(f"no answer from {names}")
            self._look()
            time.sleep(LOOK_S)

    def _prepare(self, command: Sequence[str]) -> None:
        with self._place.log_of("deploy").open("ab") as words:
            subprocess.run(
                command, check=True, timeout=START_S, cwd=CODE, env=self._plan.environment,
                stdin=subprocess.DEVNULL, stdout=words, stderr=words,
            )  # fmt: skip

    def _look(self) -> None:
        for kept in (*self._servers, *self._workers):
            kept.look()
            if kept.hung or kept.overgrown:
                stop_all([kept.child], 0)
            with suppress(OSError):  # of a full disk; it is tried again at the next look
                if kept.child.poll() is not None and kept.may_start_again:
                    kept.child, kept.restarts = self._started(kept.process), kept.restarts + 1
                    kept.begun_at, kept.answered_at = time.monotonic(), None
                bound(self._place.log_of(kept.process.name))
        with suppress(OSError):
            self._say()

    def _say(self) -> None:
        found = tuple(kept.part for kept in (*self._servers, *self._workers))
        plan = self._plan
        self._place.say(State(os.getpid(), plan.api_url, bool(self._workers), plan.guarded, found, plan.providers))


def main() -> None:
    """Supervise the plan named on the command line, unless somebody supervises this home already."""
    plan = PLAN.validate_json(sys.argv[1])
    place = plan.place
    for number in ENDS:
        signal.signal(number, _asked)
    with place.lock.open("a") as lock:
        if not locks.taken(lock):
            return
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            with ExitStack() as stack:
                _store(plan, stack)
                temporary = stack.enter_context(TemporaryDirectory(prefix="datazones-up-", ignore_cleanup_errors=True))
                Supervisor(plan, place, Path(temporary)).run()
        except Asked:
            pass
        except Exception as error:
            with suppress(OSError):
                place.say(State(os.getpid(), plan.api_url, ready=False, problem=f"{type(error).__name__}: {error}"))
            raise
        place.forget()


def _store(plan: Plan, stack: ExitStack) -> None:
    """Keep the embedded store open, so that runs find it warm; a store of the owner's needs no keeping."""
    chosen = settings()
    if chosen.store_url is None:
        stack.enter_context(local_s3.running(plan.home / "store", chosen.store_bucket))


def _asked(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal handler
    for every in ENDS:
        signal.signal(every, signal.SIG_IGN)
    raise Asked


if __name__ == "__main__":
    main()
