"""Presence: who is alive on this machine is known by locks, which end with their processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from infra import presence

HOLDING = "from infra import presence; import time; presence.hold(); print('held', flush=True); time.sleep(60)"


def test_a_run_is_alive_until_its_process_is_killed_and_then_it_is_dead(tmp_path: Path) -> None:
    here = presence.folder(tmp_path)
    assert presence.alive(here, "run") is None
    given = os.environ | {presence.RUN: "run", presence.HOME: str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", HOLDING], env=given, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"held\n"
        assert all(presence.alive(here, "run") for _ in range(100))
        assert presence.process(here, "run") == child.pid
        child.kill()
    assert presence.alive(here, "run") is False


def test_what_was_dead_for_a_day_is_forgotten_and_nobody_else(tmp_path: Path) -> None:
    here = Path(presence.folder(tmp_path))
    here.mkdir()
    for run, age in (("old", presence.KEPT_S + 1), ("young", 0.0)):
        (here / run).touch()
        os.utime(here / run, (time.time() - age,) * 2)
    presence.forget(str(here))
    assert [path.name for path in here.iterdir()] == ["young"]


def test_what_is_no_run_holds_nothing(tmp_path: Path) -> None:
    presence.hold(tmp_path)
    assert not Path(presence.folder(tmp_path)).exists()
