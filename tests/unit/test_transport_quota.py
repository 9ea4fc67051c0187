"""One rate for all processes of a machine."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from datazones.transport.quota import Quota

HOST = "api.example.org"


def test_calls_come_evenly_spaced(tmp_path: Path) -> None:
    quota = Quota(tmp_path, HOST, 60)
    waits = [quota.turn(100) for _ in range(4)]
    assert waits == pytest.approx([0, 1, 2, 3], abs=0.2)


def test_a_turn_that_comes_too_late_is_left_to_others(tmp_path: Path) -> None:
    quota = Quota(tmp_path, HOST, 60)
    quota.turn(100)
    assert quota.turn(0.5) == pytest.approx(1, abs=0.2)
    assert quota.turn(100) == pytest.approx(1, abs=0.2)


def test_hosts_do_not_wait_for_each_other(tmp_path: Path) -> None:
    Quota(tmp_path, HOST, 1).turn(100)
    assert Quota(tmp_path, "data.example.org", 1).turn(100) == 0


def test_who_is_asked_to_wait_makes_the_others_wait_too(tmp_path: Path) -> None:
    Quota(tmp_path, HOST, 60).hold(30)
    assert Quota(tmp_path, HOST, 60).turn(100) == pytest.approx(30, abs=0.2)


@pytest.mark.parametrize("damaged", ["", "nan", "inf", "yesterday", "\0" * 64, "9" * 60])
def test_a_damaged_file_or_a_clock_that_was_set_back_stops_nobody(tmp_path: Path, damaged: str) -> None:
    (tmp_path / f"{HOST}.turn").write_text(damaged)
    assert Quota(tmp_path, HOST, 60).turn(100) == 0


def test_a_strange_host_stays_inside_the_folder(tmp_path: Path) -> None:
    Quota(tmp_path, "../../[::1]:80", 60).turn(1)
    assert [path.parent for path in tmp_path.iterdir()] == [tmp_path]


def _calls(folder: Path, made: multiprocessing.Queue[float]) -> None:
    quota = Quota(folder, HOST, 1_200)
    for _ in range(5):
        time.sleep(quota.turn(100))
        made.put(time.time())


def test_four_processes_together_keep_the_rate_of_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    made: multiprocessing.Queue[float] = context.Queue()
    workers = [context.Process(target=_calls, args=(tmp_path, made)) for _ in range(4)]
    for worker in workers:
        worker.start()
    moments = sorted(made.get(timeout=20) for _ in range(20))
    for worker in workers:
        worker.join()
    assert moments[-1] - moments[0] >= 19 * 0.05 - 0.03
