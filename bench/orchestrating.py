"""What orchestration costs: ten zones in which nothing is new, beside ten runs of a flow that does nothing.

    python -m bench.orchestrating

One installation as `datazones up --postgres` makes it, warm: server, worker, the process that stands by. The bare flow
is deployed as Prefect's own documentation does it, to the same pool and worker. Ten runs are asked for at once; the
seconds are from then to the end of the last, over ten. Two workers beside one: each takes one run at a time. For the
table: two zones' refresh by Prefect, and the same steps as a job of Dagster's, its process and its instance included.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)

from bench import in_dagster
from datazones.catalogue import load
from infra.children import start, stop_all
from infra.deployments import POOL
from infra.standby.__main__ import WHERE
from infra.upkeep.plan import CODE
from tasks.running import LIVE
from tests.journey.installed import BIN, Installation, up

ROUNDS = 2
BARE = """
from prefect import flow

@flow
def nothing(zone: str) -> None:
    pass
"""
DEPLOYED = {
    "name": "bare",
    "deployments": [
        {
            "name": "bare",
            "entrypoint": "bare.py:nothing",
            "work_pool": {"name": POOL},
            "parameters": {"zone": "beijing"},
        }
    ],
}


@cache
def measured() -> dict[str, object]:
    """All that one installation has to say."""
    zones = list(load().zones)
    with up("--postgres", "--auth", "--workers", "0") as found, TemporaryDirectory() as name, ExitStack() as stack:
        client = stack.enter_context(SyncPrefectClient(found.state.api_url, auth_string=found.auth))
        _deploy_bare(found, Path(name))
        refreshes = [client.read_deployment_by_name(f"refresh/{zone}").id for zone in zones]
        bare = [client.read_deployment_by_name("nothing/bare").id] * len(zones)
        with _workers(found, 1):
            _seconds(client, refreshes)  # everything is published, and warm
            _hub_rests(client)
            _seconds(client, bare[:1])
            rounds = [(_seconds(client, refreshes), _seconds(client, bare)) for _ in range(ROUNDS)]
            two = refreshes[: len(in_dagster.ZONES)]
            beside = [(_seconds(client, two), _dagster(found, Path(name))) for _ in range(ROUNDS)]
        limited = {}
        for count in (1, 2):
            with _workers(found, count, "--limit", "1"):
                _seconds(client, refreshes[:count])
                limited[count] = _seconds(client, refreshes)
    ours, theirs = (statistics.median(seconds) / len(zones) for seconds in zip(*rounds, strict=True))
    by_prefect, by_dagster = (statistics.median(seconds) for seconds in zip(*beside, strict=True))
    return {
        "zones": len(zones),
        "rounds": ROUNDS,
        "idle_refresh_s": round(ours, 3),
        "bare_run_s": round(theirs, 3),
        "one_worker_s": round(limited[1], 1),
        "two_workers_s": round(limited[2], 1),
        "two_zones_s": round(by_prefect, 2),
        "two_zones_in_dagster_s": round(by_dagster, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def idle_refresh_vs_prefect() -> dict[str, object]:
    """At most 1.5: a refresh with nothing new over a run of Prefect's that does nothing."""
    found = measured()
    return {"ratio": round(found["idle_refresh_s"] / found["bare_run_s"], 2), **found}  # type: ignore[operator]


def two_workers_vs_one() -> dict[str, object]:
    """At least 1.6 where cores allow: ten zones by one worker over ten zones by two."""
    found = measured()
    return {"ratio": round(found["one_worker_s"] / found["two_workers_s"], 2), **found}  # type: ignore[operator]


@contextmanager
def _workers(found: Installation, count: int, *words: str) -> Iterator[None]:
    """So many workers beside the installation, which look for runs every second."""
    given = {**_given(found), **found.known(), "PREFECT_WORKER_QUERY_SECONDS": "1", WHERE: str(found.place.standby)}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, *words]
    started = [start([*command, "--name", f"w{n}"], found.folder / "workers.log", given) for n in range(count)]
    try:
        yield
    finally:
        stop_all(started, 20.0)


def _given(found: Installation) -> dict[str, str]:
    """What whoever works beside the installation is told."""
    return {
        **os.environ, "PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(found.folder),
        "DATAZONES_HOME": str(found.home), "DATAZONES_CODE": str(CODE),
        "DATAZONES_PROVIDERS_BASE": found.providers,
    }  # fmt: skip


def _dagster(found: Installation, folder: Path) -> float:
    """Two zones in which nothing is new, by Dagster: from the command to its end."""
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = [str(BIN / "dagster"), "job", "execute", "-m", in_dagster.__name__, "-j", "zones"]
    given = {**_given(found), "DAGSTER_HOME": str(folder)}
    begun = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=CODE,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return time.perf_counter() - begun


def _deploy_bare(found: Installation, folder: Path) -> None:
    (folder / "bare.py").write_text(BARE)
    (folder / "prefect.yaml").write_text(
        json.dumps(
            DEPLOYED | {"pull": [{"prefect.deployments.steps.set_working_directory": {"directory": str(folder)}}]}
        )
    )
    told = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    subprocess.run(told, cwd=folder, env={**os.environ, **found.known()}, check=True, capture_output=True)


def _hub_rests(client: SyncPrefectClient) -> None:
    """Until the hub is built, which each zone that published has asked for."""
    hub = DeploymentFilter(name=DeploymentFilterName(any_=["national"]))
    live = FlowRunFilterState(type=FlowRunFilterStateType(any_=LIVE))
    while True:
        due = FlowRunFilterExpectedStartTime(before_=datetime.now(UTC))
        if not client.read_flow_runs(
            deployment_filter=hub, flow_run_filter=FlowRunFilter(state=live, expected_start_time=due), limit=1
        ):
            return
        time.sleep(1)


def _seconds(client: SyncPrefectClient, deployments: Sequence[UUID]) -> float:
    """From asking for a run of each, at once, to the end of the last."""
    begun = time.perf_counter()
    runs = [client.create_flow_run_from_deployment(deployment).id for deployment in deployments]
    for run in runs:
        while not (state := client.read_flow_run(run).state) or not state.is_final():
            time.sleep(0.1)
        if not state.is_completed():
            raise RuntimeError(f"run {run} ended {state.name}")
    return time.perf_counter() - begun


RATIOS = {"idle_refresh_vs_prefect": idle_refresh_vs_prefect, "two_workers_vs_one": two_workers_vs_one}

if __name__ == "__main__":
    print(json.dumps(measured(), indent=2))
