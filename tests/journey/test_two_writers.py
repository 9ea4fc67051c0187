"""Two flows of one zone at once, whatever Prefect believes: one publishes, and the other finds that nothing is new."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from datazones.cli.serving import prefect_api
from infra.simulator.server import serving
from tests.journey.homes import DATAZONES, FIRST, Home

ZONE = "hunan"


def test_two_flows_of_one_zone_at_once_end_in_one_snapshot(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with prefect_api(tmp_path / "server", lambda: None) as api, serving(f"{FIRST}T00:00:00Z") as providers:
        given = {"PREFECT_API_URL": api, "DATAZONES_PROVIDERS_BASE": providers, "DATAZONES_NOW": f"{FIRST}T00:00:00Z"}
        both = [
            subprocess.Popen(
                [str(DATAZONES), "run", "--zone", ZONE, "--json"], cwd=tmp_path, env=home.environment() | given,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for _ in range(2)
        ]  # fmt: skip
        said = [run.communicate(timeout=500) for run in both]
    assert [run.returncode for run in both] == [0, 0], said
    outcomes = sorted(json.loads(out)[0]["outcome"].partition(" ")[0] for out, _ in said)
    assert outcomes == ["published", "unchanged"]
    history = subprocess.run(
        [str(DATAZONES), "history", ZONE, "--json"], cwd=tmp_path, env=home.environment(),
        capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    assert [row["generation"] for row in json.loads(history.stdout)] == [1]
