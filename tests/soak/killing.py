"""The last steps of a refresh, killed before every call that changes a file: old or new, whole, and the next run right.

A child does the steps, strace kills it at the n-th call of one kind, and n grows until nothing is left to be killed.
What a kill after a call leaves is what a kill before the next one finds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from shutil import copytree, rmtree
from uuid import uuid4

import duckdb

from datazones.model import Parent, Revisions
from datazones.publishing import Snapshot, Store, StoreAddress, base_at_hand, pull, verify
from datazones.warehouse import WorkingCopy, export
from datazones.warehouse.connecting import Limits
from datazones.warehouse.working import hydrate
from tests.forking import Fork
from tests.snapshots import put

CALLS = ("rename", "unlink", "mkdir", "rmdir", "ftruncate", "fsync", "write", "pwrite64", "sendfile", "copy_file_range")
"""By which a file, or what a folder says of it, is changed; one that a run never makes costs one run."""

PATIENCE_S = 120.0
SERIES = 40


OLD, NEW = sum(range(SERIES)), 2 * sum(range(SERIES))


def prepare(address: StoreAddress, prefix: str, home: Path) -> None:
    """A zone that has published once and loaded since."""
    working = home / "working" / "hunan.duckdb"
    with WorkingCopy.held(working, limits(home)):
        pass
    with duckdb.connect(str(working)) as connection:
        connection.execute(
            f"INSERT INTO series BY NAME SELECT i::INTEGER AS series_id, 'gdp' AS feed_id, 'M.' || i AS series_key, "
            f"'NBS' AS agency_id, 'gdp' AS dataflow_id, '{{}}' AS dimensions FROM range({SERIES}) AS r(i)"
        )
        connection.execute(
            f"INSERT INTO latest BY NAME SELECT i::INTEGER AS series_id, '2025' AS time_period, DATE '2025-01-01' AS "
            f"period_start, DATE '2026-01-01' AS period_end, i::DOUBLE AS obs_value, TIMESTAMP '2026-01-01' AS "
            f"known_from, 1 AS vintage_id FROM range({SERIES}) AS r(i)"
        )
    with Store.at(address) as store:
        last_steps(store, prefix, home)
    with duckdb.connect(str(working)) as connection:
        connection.execute("UPDATE latest SET obs_value = 2 * obs_value, vintage_id = 2")


def limits(home: Path) -> Limits:
    return Limits(256, 1, home / "spill")


def last_steps(store: Store, prefix: str, home: Path) -> Snapshot:
    """As the tasks assemble and publish do them."""
    working, published = home / "working" / "hunan.duckdb", home / "published" / "hunan.duckdb"
    candidate, parts = home / "candidates" / "hunan.duckdb", home / "candidates" / "parts"
    with WorkingCopy.held(working, limits(home)) as copy:
        parent = copy.parent()
    base = base_at_hand(store, prefix, published, parent)
    exported = export(working, candidate, limits(home), parts=parts, base=base)
    offered = exported.candidate("hunan", Revisions(revised=1), parent, load_id=1)
    snapshot = put(store, prefix, offered)
    pull(store, prefix, published, at_hand=candidate)
    with WorkingCopy.held(working, limits(home)) as copy:
        copy.adopt(snapshot.parent())
    return snapshot


def next_run(address: StoreAddress, prefix: str, home: Path) -> None:
    """What a refresh does first: stand on what is published; and then what it had not ended."""
    working, published = home / "working" / "hunan.duckdb", home / "published" / "hunan.duckdb"
    with Store.at(address) as store:
        pulled = pull(store, prefix, published)
        with WorkingCopy.held(working, limits(home)) as copy:
            parent = copy.parent()
        if pulled and (parent is None or parent.snapshot_id != pulled.snapshot_id):
            hydrate(working, published, Parent(pulled.generation, pulled.snapshot_id, pulled.load_id), limits(home))
        if pulled is None or figures(published) != NEW:
            last_steps(store, prefix, home)


def figures(path: Path) -> int:
    """The sum of all that a file says, every row of it read."""
    with duckdb.connect(str(path), read_only=True) as connection:
        row = connection.execute("SELECT sum(obs_value)::BIGINT FROM observation").fetchone()
        return int(row[0]) if row else 0


def kills(address: StoreAddress, folder: Path, calls: Sequence[str] = CALLS) -> tuple[int, list[str]]:
    """Kill the last steps before every call of each of these kinds: how often it was, and what was wrong then."""
    prepared = folder / "prepared"
    _apart(lambda: prepare(address, "zones/prepared", prepared))
    tried, wrong = 0, []
    for call in calls:
        for nth in count(1):
            fell, found = _killed(address, prepared, folder / "run", call, nth)
            tried += fell
            wrong += [f"{call} {nth}: {found}"] if found else []
            if not fell:
                break
    return tried, wrong


def _killed(address: StoreAddress, prepared: Path, home: Path, call: str, nth: int) -> tuple[bool, str]:
    """Whether there is such a call, and what was wrong after it; empty when all was as it must be."""
    rmtree(home, ignore_errors=True)
    copytree(prepared, home)
    prefix = f"zones/{uuid4().hex}"
    with Store.at(address) as store:
        for found in store.listing("zones/prepared/"):
            store.create(found.key.replace("zones/prepared", prefix), (store.get(found.key) or (b"",))[0])
        code = _traced(lambda: _alone(address, prefix, home), call, nth)
        if code not in (0, -signal.SIGKILL):
            return True, f"exit code {code}"
        seen = figures(home / "published" / "hunan.duckdb")
        if seen not in (OLD, NEW):
            return True, f"a reader sees {seen}"
        shown = verify(store, prefix).manifests
        _apart(lambda: next_run(address, prefix, home))
        return code != 0, _wrong_after(store, prefix, home, shown)


def _wrong_after(store: Store, prefix: str, home: Path, shown: int) -> str:
    working, published = home / "working" / "hunan.duckdb", home / "published" / "hunan.duckdb"
    with WorkingCopy.held(working, limits(home)) as copy:
        parent = copy.parent()
    ended = (verify(store, prefix).manifests, parent and parent.generation, figures(published), figures(working))
    if shown not in (1, 2) or ended != (2, 2, NEW, NEW):
        return f"generation {shown} shown, then {ended}"
    stray = {path.name for path in published.parent.iterdir()} - {"hunan.duckdb", *_NOTES}
    return f"left behind: {stray}" if stray else ""


_NOTES = (".hunan.duckdb.lock", ".hunan.duckdb.pulled.json")


def _apart(work: Callable[[], None]) -> None:
    """In a process of its own: the threads of polars do not outlive a fork, so that nothing here may start them."""
    child = Fork(target=work)
    child.start()
    child.join(PATIENCE_S)
    if child.exitcode != 0:
        raise AssertionError(f"a run that nobody killed ended with {child.exitcode}")


def _alone(address: StoreAddress, prefix: str, home: Path) -> None:
    with Store.at(address) as store:
        last_steps(store, prefix, home)


def _traced(work: Callable[[], None], call: str, nth: int) -> int | None:
    """The exit code of a process that does this and is killed at the n-th such call."""

    def stopped() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        work()
        os._exit(0)

    child = Fork(target=stopped)
    child.start()
    _await(lambda: "State:\tT" in _status(child))
    inject = f"inject={call}:signal=KILL:when={nth}"
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject, "-p", str(child.pid)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tracer:
        _await(lambda: "TracerPid:\t0\n" not in _status(child) or tracer.poll() is not None)
        os.kill(child.pid or 0, signal.SIGCONT)
        child.join(PATIENCE_S)
    return child.exitcode


def _status(child: BaseProcess) -> str:
    return Path(f"/proc/{child.pid}/status").read_text()


def _await(there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not there() and time.monotonic() < until:
        time.sleep(0.005)
