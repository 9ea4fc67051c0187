"""Ten zones on two machines that share a network and no disk, one of which loses power in the middle of its work."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Crashed

from datazones.catalogue import load
from datazones.publishing import Store, StoreAddress, current
from infra.children import start, stop_all
from infra.deployments import POOL
from infra.standby.__main__ import WHERE
from infra.upkeep.plan import CODE
from tests.journey.installed import Installation, up, wait
from tests.machines import Machine, at, machines
from tests.parts import needs

SIGNING_KEY = "5a" * 32
AT_ONCE = "2"
PATIENCE_S = 580.0


@contextmanager
def _working(machine: Machine, found: Installation, given: dict[str, str]) -> Iterator[Path]:
    """A worker there, with a process that stands by; the file in which it says what it does."""
    log = found.folder / f"{machine.name}.log"
    ready = 'mkdir -p "$DATAZONES_HOME" && { python -m infra.standby.server "$DATAZONES_STANDBY" & } && exec "$@"'
    work = ["prefect", "worker", "start", "--pool", POOL, "--name", machine.name, "--limit", AT_ONCE]
    worker = machine.starts(["sh", "-c", ready, "worker", *work], log, given, own=[found.folder])
    try:
        yield log
    finally:
        stop_all([worker], 0.0)


def _reachable(found: Installation, machine: Machine) -> tuple[list[str], dict[str, str]]:
    """What makes the store and the providers of an installation reachable at this address; the settings that say so."""
    store = json.loads((found.home / "store" / "server.json").read_text())
    ports = [url.rpartition(":")[2] for url in (store["url"], found.providers)]
    settings = {
        "DATAZONES_STORE_URL": f"http://{machine.address}:{ports[0]}",
        "DATAZONES_STORE_ACCESS_KEY": store["access_key"],
        "DATAZONES_STORE_SECRET_KEY": store["secret_key"],
        "DATAZONES_PROVIDERS_BASE": f"http://{machine.address}:{ports[1]}",
        "DATAZONES_SIGNING_KEY": SIGNING_KEY,
        "DATAZONES_CODE": str(CODE),
    }
    return [sys.executable, "-m", "tests.relay", machine.address, *ports], settings


@pytest.mark.timeout(900)
def test_ten_zones_on_two_machines_without_a_shared_disk_are_published_once_though_one_loses_power() -> None:
    needs("pg_ctlcluster", "postgresql")
    zones = load().zones
    with (
        machines(3) as (hub, first, second),
        at(hub),
        up("--postgres", "--workers", "0", "--host", hub.address) as found,
    ):
        relay, settings = _reachable(found, hub)
        relaying = start(relay, found.folder / "relay.log")
        own = {
            "DATAZONES_HOME": str(found.folder / "own"),
            "PREFECT_HOME": str(found.folder / "own" / "prefect"),
            WHERE: str(found.folder / "own" / "standby"),
        }
        given = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **found.known(), **settings, **own}
        with (
            _working(first, found, given) as log,
            _working(second, found, given) as other_log,
            SyncPrefectClient(found.state.api_url, auth_string=found.auth) as client,
        ):
            runs = {_begun(client, zone): zone for zone in zones}
            wait(lambda: _taken(other_log) and _at_work(found, client, _taken(log)), PATIENCE_S)
            first.loses_power()
            lost = [run for run in _taken(log) if not _ended(client, run)]
            assert lost, "it had nothing under way"
            for run in lost:
                client.set_flow_run_state(run, Crashed(message="its machine lost power"), force=True)
                runs[_begun(client, runs[run])] = runs[run]
            wait(lambda: all(_ended(client, run) for run in runs), PATIENCE_S)
            assert len(_taken(other_log)) >= len(zones) // 2
        stop_all([relaying], 0.0)
        assert _published(found) == dict.fromkeys(zones, 1)
        assert not list((found.folder / "own").glob("*")), "the machines worked in a folder that others see"


def _begun(client: SyncPrefectClient, zone: str) -> UUID:
    return client.create_flow_run_from_deployment(client.read_deployment_by_name(f"refresh/{zone}").id).id


def _ended(client: SyncPrefectClient, run: UUID) -> bool:
    state = client.read_flow_run(run).state
    return state is not None and state.is_final()


def _at_work(found: Installation, client: SyncPrefectClient, runs: list[UUID]) -> bool:
    """Whether one of the runs has done a part of its work, and has not ended."""
    going = [str(run) for run in runs if not _ended(client, run)]
    done = {"flow_runs": {"id": {"any_": going}}, "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    return bool(going and found.asked("task_runs/filter", done))


def _taken(log: Path) -> list[UUID]:
    """The runs that a worker has taken on."""
    return [UUID(run) for run in re.findall(r"submitting flow run '([0-9a-f-]+)'", log.read_text())]


def _published(found: Installation) -> dict[str, int]:
    """By zone that is published: how often."""
    server = json.loads((found.home / "store" / "server.json").read_text())
    address = StoreAddress(server["url"], "datazones", server["access_key"], server["secret_key"])
    with Store.at(address) as store:
        pointers = {zone.zone_id: current(store, zone.prefix) for zone in load().zones.values()}
    return {zone: pointer.snapshot.generation for zone, pointer in pointers.items() if pointer}
