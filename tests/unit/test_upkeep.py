"""What the supervisor makes of the processes that it keeps up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.upkeep.parts import Process, workers
from infra.upkeep.plan import Plan
from infra.upkeep.supervisor import Kept

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
    assert [(each.name, bool(each.most_memory_mb)) for each in workers(PLAN)] == [
        ("worker-1", True),
        ("worker-2", True),
    ]
