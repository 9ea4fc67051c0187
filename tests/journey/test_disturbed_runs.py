"""Runs that are killed, and providers that are down: what is published stays whole, and the next run ends right."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.journey.homes import DATAZONES, FIRST, ZONES, Home


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = Home(tmp_path_factory.mktemp("undisturbed"))
    assert home.run("demo").returncode == 0
    return home.digests()


@pytest.mark.parametrize("zones_done", [0, 4])
def test_a_run_that_is_killed_and_repeated_ends_in_the_same_snapshots(
    tmp_path: Path, undisturbed: dict[str, str], zones_done: int
) -> None:
    home = Home(tmp_path)
    run = subprocess.Popen(
        [str(DATAZONES), "demo"], cwd=tmp_path, env=home.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert run.stderr
    _read_until(run, zones_done)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert home.run("demo").returncode == 0
    assert home.digests() == undisturbed


def _read_until(run: subprocess.Popen[str], zones_done: int) -> None:
    """Until the servers are up and so many zones have ended."""
    seen = -1
    for line in run.stderr or ():
        seen += line.startswith(("Starting", "  "))
        if seen >= zones_done:
            return
    pytest.fail("the run ended before it could be killed")


def test_a_provider_that_is_down_ends_its_zones_as_transient_and_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    environment = home.environment() | {
        "DATAZONES_PROVIDERS_BASE": "http://127.0.0.1:9",
        "DATAZONES_NOW": f"{FIRST}T00:00:00Z",
    }
    run = subprocess.run(
        [str(DATAZONES), "run", "--zone", ZONES[0]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert run.returncode == 4, run.stdout + run.stderr
    assert "ProviderUnavailable" in run.stderr
    assert "next:" in run.stderr
    assert not home.published(ZONES[0]).exists()
