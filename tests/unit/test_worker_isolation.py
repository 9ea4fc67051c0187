"""A zone's worker has that zone's keys and no others: a real server, real workers, a store that enforces policies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient

from datazones.catalogue import load
from datazones.publishing import Store, StoreAddress, policy, verify
from datazones.publishing.connecting import connected
from infra import prefect_settings
from infra.ceph import Cluster
from infra.children import answers, free_port, start, stop
from infra.simulator.server import serving

CODE = Path(__file__).parents[2]
QUEUES = ("beijing",)
DEPLOYED = ("refresh/beijing",)
SIGNING = {"beijing": "1b" * 32}
PATIENCE_S = 400.0


@dataclass
class Place:
    """A Prefect server, and a worker for each queue with the keys of its own zone."""

    api: str
    addresses: Mapping[str, StoreAddress]

    def run(self, deployment: str, **parameters: object) -> tuple[str, str]:
        """How a run of this deployment ended, and what it said."""
        with SyncPrefectClient(self.api) as client:
            found = client.read_deployment_by_name(deployment)
            run = client.create_flow_run_from_deployment(found.id, parameters=parameters)
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                state = client.read_flow_run(run.id).state
                if state and state.is_final():
                    return state.type.value, f"{state.message} {self._logged(client, run.id)}"
                time.sleep(0.5)
        raise TimeoutError(deployment)

    @staticmethod
    def _logged(client: SyncPrefectClient, run: object) -> str:
        asked = {"logs": {"flow_run_id": {"any_": [str(run)]}}, "limit": 200}
        rows: list[dict[str, Any]] = client.request("POST", "/logs/filter", json=asked).json()
        return "\n".join(row["message"] for row in rows)


@pytest.fixture(scope="module")
def place(cluster: tuple[Cluster, StoreAddress], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, (ceph, owner) = tmp_path_factory.mktemp("workers"), cluster
    addresses = _admitted(ceph, owner)
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    server = {"PREFECT_HOME": str(folder / "prefect"), **prefect_settings.EVERY}
    with ExitStack() as stack, serving("2020-12-01T00:00:00Z") as providers:
        _kept(stack, folder / "server.log", server, "server", "start", "--port", str(port), "--no-services")
        _await(api)
        common = {**server, "PREFECT_API_URL": api, "DATAZONES_CODE": str(CODE)}
        _told(common, "work-pool", "create", "datazones", "--type", "process")
        for name in DEPLOYED:
            _told(common, "deploy", "-n", name)
        for queue in QUEUES:
            own = {
                **common,
                "DATAZONES_HOME": str(folder / queue),
                "DATAZONES_PROVIDERS_BASE": providers,
                "DATAZONES_NOW": "2020-12-01T00:00:00Z",
                "DATAZONES_STORE_URL": owner.url,
                "DATAZONES_STORE_BUCKET": addresses[queue].bucket,
                "DATAZONES_STORE_ACCESS_KEY": str(addresses[queue].access_key),
                "DATAZONES_STORE_SECRET_KEY": str(addresses[queue].secret_key),
                f"DATAZONES_SIGNING_KEYS__{queue.upper()}": SIGNING[queue],
            }
            where = ("--pool", "datazones", "--work-queue", queue, "--name", queue, "--type", "process")
            _kept(stack, folder / f"{queue}.log", own, "worker", "start", *where)
        yield Place(api, addresses)


def _admitted(ceph: Cluster, owner: StoreAddress) -> dict[str, StoreAddress]:
    """A key for each queue's zone, let do what its policy says and nothing else."""
    bucket, catalogue = f"workers-{uuid4().hex}", load()
    statements: list[object] = []
    addresses = {}
    for name in QUEUES:
        user, zone = f"worker-{name}", catalogue.zone(name)
        addresses[name] = replace(owner, bucket=bucket, access_key=user, secret_key=uuid4().hex)
        ceph.admit(user, addresses[name])
        members = [member.prefix for member in catalogue.members_of(zone)]
        document = policy(bucket, zone.prefix, principal=f"arn:aws:iam:::user/{user}", members=members)
        statements += document["Statement"]  # type: ignore[misc]
    client = connected(owner)
    client.create_bucket(Bucket=bucket)
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    client.close()
    return addresses


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("DATAZONES_", "PREFECT_"))}
    return {**clean, **more}


def _kept(stack: ExitStack, log: Path, more: Mapping[str, str], *words: str) -> None:
    """A program of Prefect's, ended with the block."""
    child = start([sys.executable, "-m", "prefect", *words], log, _environment(more))
    stack.callback(stop, child)


def _told(more: Mapping[str, str], *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *words], env=_environment(more), cwd=CODE,
        capture_output=True, check=True, timeout=PATIENCE_S,
    )  # fmt: skip


def _await(api: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not answers(f"{api}/health"):
        assert time.monotonic() < until
        time.sleep(0.2)


@contextmanager
def _opened(place: Place, name: str) -> Iterator[Store]:
    with Store.at(place.addresses[name]) as store:
        yield store


def test_a_zone_is_refreshed_by_its_own_worker_and_signed_with_its_own_key(place: Place) -> None:
    ended, said = place.run("refresh/beijing")
    assert ended == "COMPLETED", said
    with _opened(place, "beijing") as store:
        assert verify(store, "zones/beijing").manifests == 1


def test_a_worker_that_is_given_another_zone_is_refused_with_a_word_on_why(place: Place) -> None:
    ended, said = place.run("refresh/beijing", zone="hunan")
    assert ended == "FAILED"
    assert "zones/hunan" in said
    assert "datazones doctor --policies" in said
    assert str(place.addresses["beijing"].secret_key) not in said
    assert SIGNING["beijing"] not in said
