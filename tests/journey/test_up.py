"""An installation on one machine, as an operator brings it up: real servers, real workers, real deaths."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datazones.catalogue.loading import SHIPPED
from infra.children import free_port
from infra.upkeep.place import Place, State

BIN = Path(sys.executable).parent
PATIENCE_S = 240.0


@dataclass
class Installation:
    """A home of its own, and the commands one types there."""

    folder: Path

    @property
    def place(self) -> Place:
        return Place(self.folder / ".datazones" / "up")

    @property
    def state(self) -> State:
        found = self.place.state()
        assert found
        return found

    def datazones(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self._run("datazones", *words, **more)

    def prefect(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run("prefect", "--no-prompt", *words, PREFECT_API_URL=self.state.api_url)

    def python(self, words: str) -> subprocess.CompletedProcess[str]:
        return self._run("python", "-c", words, PREFECT_API_URL=self.state.api_url)

    def _run(self, program: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("DATAZONES_", "PREFECT_"))}
        return subprocess.run(
            [str(BIN / program), *words], env=clean | more | {"HOME": str(self.folder)}, cwd=self.folder,
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip

    def pids(self) -> dict[str, int]:
        return {part.name: part.pid for part in self.state.parts}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    found = Installation(tmp_path_factory.mktemp("installation"))
    first = found.datazones("up", "--simulated", "--port", str(free_port()))
    try:
        assert first.returncode == 0, first.stdout + first.stderr
        yield found
    finally:
        found.datazones("down")


def test_every_zone_has_a_deployment_as_soon_as_it_is_up(installation: Installation) -> None:
    listed = json.loads(installation.prefect("deployment", "ls", "-o", "json").stdout)
    zones = {path.stem for path in (SHIPPED / "zones").glob("*.toml")}
    assert zones <= {deployment["name"] for deployment in listed}


def test_the_operators_are_told_once_the_server_has_a_block_of_theirs(installation: Installation) -> None:
    assert not _asked(installation, "automations/filter", {})
    block = (
        "from prefect.blocks.notifications import SlackWebhook as S; S(url='https://example.org/x').save('operators')"
    )
    assert installation.python(block).returncode == 0
    for said in ("made", "as declared"):
        done = installation.datazones("deploy", "--json", PREFECT_API_URL=installation.state.api_url)
        assert {row["what"]: row["found"] for row in json.loads(done.stdout)}["automation notify"] == said
    (automation,) = _asked(installation, "automations/filter", {})
    assert automation["actions"][0]["type"] == "send-notification"


def test_bringing_it_up_twice_changes_nothing(installation: Installation) -> None:
    before = installation.pids()
    again = installation.datazones("up", "--simulated")
    assert again.returncode == 0
    assert "Already up" in again.stdout
    assert installation.state.ui_url in again.stdout
    assert installation.pids() == before


def test_a_zone_is_published_by_a_worker_also_after_the_server_was_killed(installation: Installation) -> None:
    before = installation.pids()
    os.kill(before["prefect"], signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while installation.pids()["prefect"] == before["prefect"] or not all(p.healthy for p in installation.state.parts):
        assert time.monotonic() < until
        time.sleep(0.2)
    run = installation.prefect("deployment", "run", "refresh/beijing", "--watch")
    assert "Completed" in run.stdout, run.stdout + run.stderr
    status = json.loads(installation.datazones("status", "--json").stdout)
    assert [row["zone"] for row in status if row["generation"]] == ["beijing"]


def test_what_was_published_is_an_event_and_the_run_has_a_name_that_a_person_reads(installation: Installation) -> None:
    wanted = {"filter": {"event": {"name": ["datazones.snapshot.published"]}}}
    until = time.monotonic() + PATIENCE_S
    while not (events := _asked(installation, "events/filter", wanted)):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert [event["resource"]["prefect.resource.id"] for event in events] == ["datazones.zone.beijing"]
    assert events[0]["payload"]["generation"] == 1
    (run,) = _asked(installation, "flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}})
    assert re.fullmatch(r"beijing · \d{4}-\d\d-\d\d · 2 feeds", run["name"])


def test_nothing_is_left_after_it_was_taken_down(installation: Installation) -> None:
    assert installation.datazones("down").returncode == 0
    until = time.monotonic() + PATIENCE_S
    while left := [path for path in Path("/proc").glob("[0-9]*") if str(installation.folder) in _environment(path)]:
        assert time.monotonic() < until, left
        time.sleep(0.2)
    assert installation.datazones("down").stdout.strip() == "Nothing is up."


def _asked(installation: Installation, path: str, body: object) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{installation.state.api_url}/{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)
    rows: list[dict[str, Any]] = found["events"] if isinstance(found, dict) else found
    return rows


def _environment(process: Path) -> str:
    try:
        return (process / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
