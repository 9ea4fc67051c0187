"""The examining process: imports Great Expectations once, then examines each case in a fork of its own.

`python -m expectations.server FOLDER` reads cases from its standard input, one line of JSON each, and writes an answer
for each to its standard output. A fork is thrown away with all that Great Expectations and DuckDB keep: files held
open, memory, registries. Whatever is printed goes to standard error, so that nothing but answers is on the wire. The
folder, which an examiner made for what is tried and spilled, goes with us: one that is killed can clear nothing away.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from select import select
from shutil import rmtree
from types import ModuleType
from typing import NoReturn

from datazones.errors import DatazonesError
from expectations.case import ANSWER, CASE, Answer, Case

QUIET = {"GX_ANALYTICS_ENABLED": "false", "OPENBLAS_NUM_THREADS": "1"}
"""Great Expectations tells nobody that it is used, and what it imports does not start a thread a core."""

CASES = 0
CHUNK = 1 << 16
STATM = Path("/proc/self/statm")
ROOM = 2
"""Address space that one examination may take on top of what the import took, in multiples of DuckDB's memory."""


class Abandoned(Exception):
    """Nobody waits for the answer any more."""


def main() -> None:
    """Answer until the other side closes the pipe."""
    wire = os.dup(1)
    os.dup2(2, 1)
    folder, began = Path(sys.argv[1]), time.monotonic()
    serve(imported(folder), wire, folder, time.monotonic() - began)


def imported(folder: Path) -> ModuleType:
    """Great Expectations with our rules, as every fork from now on has it at once; `folder` is for what it tries."""
    os.environ.update(QUIET)
    gx = import_module("expectations.gx")
    gx.rehearse(folder)
    gc.freeze()  # what is here stays: no fork has to walk it, or copy it by walking
    return gx


def serve(gx: ModuleType, wire: int, folder: Path, ready_after: float) -> None:
    """Say on `wire` that one is ready, and answer each case that comes in until the other side is gone; then its
    `folder` goes as well."""
    try:
        _say(wire, Answer(ready_after=ready_after))
        while line := _line():
            _say(wire, _examined_in_a_fork(gx, CASE.validate_json(line)))
    except (Abandoned, BrokenPipeError):
        return
    finally:
        rmtree(folder, ignore_errors=True)


def _say(wire: int, answer: Answer) -> None:
    rest = memoryview(ANSWER.dump_json(answer) + b"\n")
    while rest:
        rest = rest[os.write(wire, rest) :]


def _line() -> bytes:
    """One line; nothing when the other side is gone. There is never a second line before the first is answered."""
    held = b""
    while not held.endswith(b"\n"):
        piece = os.read(CASES, CHUNK)
        if not piece:
            return b""
        held += piece
    return held


def _examined_in_a_fork(gx: ModuleType, case: Case) -> Answer:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _examine(gx, case, writing)
    os.close(writing)
    try:
        said = _until_the_end(reading, case.seconds)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if said is None:
        return Answer(broken=f"no verdict after {case.seconds:g} s")
    return ANSWER.validate_json(said) if status == 0 else Answer(broken=f"the examination {_ended(status)}")


def _examine(gx: ModuleType, case: Case, writing: int) -> NoReturn:
    """In the fork: say the verdict and leave at once, whatever happens; nothing of the parent's is run on the way."""
    status = 1
    try:
        _bound_memory(case)
        _say(writing, _answer(gx, case))
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def _answer(gx: ModuleType, case: Case) -> Answer:
    try:
        return Answer(verdict=gx.examine(case))
    except DatazonesError as error:
        return Answer(broken=error.found)


def _bound_memory(case: Case) -> None:
    """Past this the fork gets a MemoryError; a system that does not say what is taken leaves DuckDB's own bound."""
    if STATM.exists():
        taken = int(STATM.read_text().split()[0]) * resource.getpagesize()
        most = taken + ROOM * (case.memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _until_the_end(reading: int, seconds: float) -> bytes | None:
    """All that the fork says; None when it has not ended in time. Abandoned when nobody waits any more."""
    deadline = time.monotonic() + seconds
    held = b""
    while True:
        ready, _, _ = select([reading, CASES], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        if CASES in ready:
            raise Abandoned
        piece = os.read(reading, CHUNK)
        if not piece:
            return held
        held += piece


def _ended(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else "broke off"


if __name__ == "__main__":
    main()
