"""What an installation on one machine is made of: a Prefect server, workers, and in rehearsals simulated providers."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dotenv import dotenv_values

from datazones.settings import PREFIX
from infra import quiet
from infra.children import answers
from infra.deployments import POOL

CODE = Path(__file__).parents[2]
"""The folder that holds `prefect.yaml` and the packages its entrypoints name."""

LEASES = {"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem"}
"""Leases held in memory are lost with the server, and block a deployment for good."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted: where it lives, on which ports, and whether providers are simulated from `simulated_from` on."""

    home: Path
    port: int
    workers: int
    simulator_port: int | None = None
    simulated_from: datetime | None = None

    @property
    def folder(self) -> Path:
        return self.home / "up"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def environment(self) -> dict[str, str]:
        """Of every part, and of the commands that talk to them. Parts run elsewhere, so `.env` is read here."""
        base = {f"{PREFIX}PROVIDERS_BASE": f"http://127.0.0.1:{self.simulator_port}"} if self.simulator_port else {}
        return {
            **{name: text for name, text in dotenv_values(".env").items() if text is not None},
            **os.environ,
            **quiet.PREFECT,
            **LEASES,
            **base,
            f"{PREFIX}HOME": str(self.home),
            f"{PREFIX}CODE": str(CODE),
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.api_url,
        }


@dataclass(frozen=True, slots=True)
class Process:
    """One process to be kept up. It is healthy when `health` answers; without one, when it runs."""

    name: str
    command: Sequence[str]
    health: str | None = None

    def answers(self) -> bool:
        return self.health is None or answers(self.health)


def servers(plan: Plan) -> list[Process]:
    """What must answer before anything else starts."""
    where = ["--host", "127.0.0.1", "--port", str(plan.port)]
    found = [Process("prefect", prefect("server", "start", *where), f"{plan.api_url}/health")]
    if plan.simulator_port:
        begin = ["--now", plan.simulated_from.isoformat()] if plan.simulated_from else []
        state = ["--port", str(plan.simulator_port), "--state", str(plan.home / "simulator"), *begin]
        command = [sys.executable, "-m", "infra.simulator", *state]
        found.append(Process("simulator", command, f"http://127.0.0.1:{plan.simulator_port}/_clock"))
    return found


def workers(plan: Plan) -> list[Process]:
    """Who does the work: each takes runs of every zone."""
    names = [f"worker-{number}" for number in range(1, plan.workers + 1)]
    return [Process(name, prefect("worker", "start", "--pool", POOL, "--name", name)) for name in names]


def preparation() -> Sequence[str]:
    """What tells a server all it needs to know before workers come."""
    return datazones("deploy")


def datazones(*words: str) -> list[str]:
    return [sys.executable, "-m", "datazones.cli", *words]


def prefect(*words: str) -> list[str]:
    return [sys.executable, "-m", "prefect", *words]
