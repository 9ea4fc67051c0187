"""Runs as forks of a process that stands by: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.children import start, stop
from infra.standby.__main__ import WHERE
from infra.standby.server import NEEDED, standing_by
from tests.journey.installed import wait

RUN = """
import os, sys, time
print(os.getcwd(), os.environ["GIVEN"], file=sys.stderr)
print(os.getpid(), flush=True)
time.sleep(float(os.environ["GIVEN"]))
sys.exit(7)
"""


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[Path]:
    """Where one stands by whose forks run the lines above."""
    (tmp_path / "a_run.py").write_text(RUN)
    path = tmp_path / "standby"
    given = {**os.environ, "PYTHONPATH": str(tmp_path)}
    child = start([sys.executable, "-m", "infra.standby.server", str(path), "a_run"], tmp_path / "log", given)
    try:
        wait(lambda: standing_by(path))
        yield path
    finally:
        stop(child)


def _run(socket: Path, given: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "infra.standby"], env={**os.environ, WHERE: str(socket), "GIVEN": given},
        cwd=socket.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _fork(run: subprocess.Popen[str]) -> Path:
    assert run.stdout
    return Path(f"/proc/{int(run.stdout.readline())}")


def test_a_run_has_its_own_files_environment_and_folder_and_ends_as_its_fork_does(socket: Path) -> None:
    runs = [_run(socket, given) for given in ("0", "0.5")]
    for run, given in zip(runs, ("0", "0.5"), strict=True):
        out, err = run.communicate(timeout=60)
        assert int(out) != run.pid
        assert err.splitlines() == [f"{socket.parent} {given}"]
        assert run.returncode == 7


def test_a_run_that_is_killed_takes_its_fork_with_it(socket: Path) -> None:
    run = _run(socket, "600")
    fork = _fork(run)
    run.kill()
    wait(lambda: not fork.exists())


def test_a_fork_that_is_killed_is_a_run_that_was_killed(socket: Path) -> None:
    run = _run(socket, "600")
    os.kill(int(_fork(run).name), signal.SIGKILL)
    assert run.wait(60) == -signal.SIGKILL


def test_a_run_passes_on_that_it_shall_end(socket: Path) -> None:
    run = _run(socket, "600")
    fork = _fork(run)
    run.terminate()
    assert run.wait(60) == -signal.SIGTERM
    wait(lambda: not fork.exists())


def test_runs_whose_standby_is_killed_end_and_later_ones_begin_anew(socket: Path) -> None:
    run = _run(socket, "600")
    fork = _fork(run)
    os.kill(int((Path(f"/proc/{fork.name}/stat")).read_text().split()[3]), signal.SIGKILL)
    assert run.wait(60) == -signal.SIGKILL
    wait(lambda: not fork.exists())
    anew = subprocess.run(
        [sys.executable, "-m", "infra.standby"], env={**os.environ, WHERE: str(socket), "PREFECT__FLOW_RUN_ID": ""},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "flow run" in anew.stderr.lower(), anew.stderr


def test_what_stands_by_has_imported_nothing_that_starts_threads() -> None:
    count = (
        f"import importlib, os; [importlib.import_module(n) for n in {NEEDED!r}]; print(os.listdir('/proc/self/task'))"
    )
    told = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True, timeout=120)
    assert told.stdout.count("'") == 2, told.stdout
