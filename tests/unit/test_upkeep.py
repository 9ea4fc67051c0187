"""What the supervisor makes of the processes that it keeps up."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.upkeep.parts import Process, workers
from infra.upkeep.plan import Plan
from infra.upkeep.supervisor import Kept, bound
from tests.disks import disk

PLAN = Plan(home=Path("home"), port=4200, workers=2)
HOLDING = "held = bytearray(b'x') * (150 << 20); print(flush=True); input()"


@pytest.mark.parametrize(("most_mb", "overgrown"), [(100, True), (1000, False), (None, False)])
def test_a_process_that_holds_more_memory_than_it_may_is_overgrown_while_it_lives(
    most_mb: int | None, overgrown: bool
) -> None:
    command = [sys.executable, "-c", HOLDING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        kept = Kept(Process("worker-1", command, {}, most_memory_mb=most_mb), child)
        assert kept.overgrown is overgrown
        child.kill()
        child.wait()
        assert not kept.overgrown


def test_no_worker_may_grow_without_bound() -> None:
    assert [(each.name, bool(each.most_memory_mb)) for each in workers(PLAN, Path("temporary"))] == [
        ("worker-1", True),
        ("worker-2", True),
    ]


def test_a_log_past_its_bound_begins_anew_and_the_last_one_lies_beside_it(tmp_path: Path) -> None:
    log = tmp_path / "worker-1.log"
    command = [sys.executable, "-uc", "for _ in range(3): print('x' * 9, flush=True); input()"]
    with log.open("ab") as words, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=words) as child:
        assert child.stdin
        sizes = []
        for said in range(1, 4):
            _await(lambda said=said: log.exists() and log.stat().st_size == (said if said < 3 else 1) * 10)
            bound(log, most=15)
            sizes.append(log.stat().st_size)
            child.stdin.write(b"\n")
            child.stdin.flush()
    assert sizes == [10, 0, 10]
    assert (tmp_path / "worker-1.log.1").read_text() == ("x" * 9 + "\n") * 2


def test_a_log_that_cannot_be_kept_beside_gives_its_room_back(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "64k") as folder:
        log = folder / "worker-1.log"
        log.write_bytes(bytes(40_000))
        bound(log, most=15)
        assert log.stat().st_size == 0
        assert list(folder.iterdir()) == [log]


def _await(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not until() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert until()
