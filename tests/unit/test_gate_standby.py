"""Examining processes as forks of one that stands by: real processes, real examinations."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from datazones.catalogue import load
from datazones.errors import ValidatorBroken
from datazones.settings import Settings
from expectations.examiner import Examiner
from infra.children import start, stop
from infra.standby.server import standing_by
from infra.upkeep.place import Place
from tasks.equip import Equipment
from tests.journey.installed import wait
from tests.unit.expectations_zone import Zone, doctored

TODAY = date(2024, 3, 1)
ROWS = [("GDP.CN-BJ", str(year), 100.0 + year, None) for year in range(2000, 2024)]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    zone = Zone(tmp_path_factory.mktemp("zone"))
    zone.load(ROWS, "2024-02-01", unit_measure="亿元")
    return zone.candidate("good")


class Standby(NamedTuple):
    """Where one stands by, and its process."""

    socket: Path
    pid: int

    def forks(self) -> list[int]:
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def standby(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standby]:
    folder = tmp_path_factory.mktemp("gate")
    path = folder / "gate"
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    child = start([sys.executable, "-P", "-m", "expectations.standby", str(path)], folder / "log", bare)
    try:
        wait(lambda: standing_by(path))
        yield Standby(path, child.pid)
    finally:
        stop(child)


def _passes(examiner: Examiner, candidate: Path) -> bool:
    return examiner.examine(candidate, published=None, today=TODAY, zone_id="beijing").passed


def test_what_stands_by_examines_at_once_and_as_a_process_of_ones_own(standby: Standby, good: Path) -> None:
    with Examiner(threads=1, standby=standby.socket) as examiner:
        assert _passes(examiner, good)
        assert examiner.import_seconds == 0.0
        with pytest.raises(ValidatorBroken, match="obs_status"):
            _passes(examiner, doctored(good, "DROP VIEW observation", "ALTER TABLE latest DROP COLUMN obs_status"))
        assert _passes(examiner, good)


def test_two_examiners_have_a_fork_each_and_a_closed_one_has_none(standby: Standby, good: Path) -> None:
    with Examiner(threads=1, standby=standby.socket) as one, Examiner(threads=1, standby=standby.socket) as other:
        one.ready()
        other.ready()
        assert len(standby.forks()) == 2
        one.close()
        wait(lambda: len(standby.forks()) == 1)
        assert _passes(other, good)
    wait(lambda: not standby.forks())


def test_whoever_examines_in_a_home_that_is_kept_up_finds_what_stands_by_there(
    standby: Standby, tmp_path: Path
) -> None:
    gate = Place.of(tmp_path).gate
    gate.parent.mkdir()
    gate.symlink_to(standby.socket)
    with ExitStack() as stack:
        Equipment(Settings(home=tmp_path), load(), stack).examiner.ready()
        assert len(standby.forks()) == 1
    wait(lambda: not standby.forks())


def test_a_fork_that_is_killed_says_so_and_is_replaced(standby: Standby, good: Path) -> None:
    with Examiner(threads=1, standby=standby.socket) as examiner:
        examiner.ready()
        (fork,) = standby.forks()
        os.kill(fork, 9)
        with pytest.raises(ValidatorBroken, match="the examining process"):
            _passes(examiner, good)
        assert _passes(examiner, good)


def test_a_fork_knows_nothing_of_the_environment_of_whom_it_examines_for(
    standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAZONES_STORE_SECRET_KEY", "canary-7f3a")
    with Examiner(threads=1, standby=standby.socket) as examiner:
        examiner.ready()
        (fork,) = standby.forks()
        assert b"canary-7f3a" not in Path(f"/proc/{fork}/environ").read_bytes()


def test_an_examiner_whose_standby_ends_before_it_has_forked_has_a_process_of_its_own(
    tmp_path: Path, good: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as ending, Examiner(threads=1, standby=tmp_path / "gate") as examiner:
        ending.bind(str(tmp_path / "gate"))
        ending.listen()
        examiner.warm()
        ending.close()
        assert _passes(examiner, good)
        assert examiner.import_seconds


def test_where_nobody_stands_by_an_examiner_has_a_process_of_its_own(tmp_path: Path, good: Path) -> None:
    with Examiner(threads=1, standby=tmp_path / "gate") as examiner:
        assert _passes(examiner, good)
        assert examiner.import_seconds
