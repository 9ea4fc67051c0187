"""What an installation on one machine is made of: Prefect's server and what it stands on, workers, and in rehearsals
simulated providers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from infra.children import answers
from infra.deployments import POOL
from infra.standby.server import standing_by
from infra.upkeep import postgres, redis
from infra.upkeep.plan import LOOPBACK, Plan
from infra.upkeep.reporting import Reporting

SOCKET_LENGTH = 108
"""So long the path of a socket may be on Linux, its end included."""

SERVER_MEMORY_MB = 1536
"""Prefect's server grows, slowly; past this it is started anew, which its runs and workers get over."""

WORKER_MEMORY_MB = 1024
"""So does a worker, by some two thirds of a megabyte a run: past this, after weeks, a new one takes its place."""

RECONCILED_EVERY_S = 15


def _nothing() -> None:
    """To be done before it starts."""


def _running() -> bool:
    """Healthy as long as it runs."""
    return True


@dataclass(frozen=True, slots=True)
class Process:
    """One process to be kept up; `prepare` is done before each start, `user` is whom it runs as (None: as we do)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    healthy: Callable[[], bool] = _running
    prepare: Callable[[], None] = _nothing
    user: str | None = None
    most_memory_mb: int | None = None


def stages(plan: Plan) -> list[list[Process]]:
    """What must answer before workers come, each stage before the next."""
    return [list(_foundations(plan)), list(_servers(plan))]


def _foundations(plan: Plan) -> Iterator[Process]:
    """What Prefect's server stands on, as far as it is not the owner's."""
    if plan.postgres_port:
        folder, port = plan.home / "postgres", plan.postgres_port
        yield Process(
            "postgres",
            postgres.command(folder, port),
            {"LC_ALL": "C"},
            partial(postgres.is_ready, port),
            partial(postgres.prepare, folder, plan.password),
            postgres.user(),
        )
    if plan.redis_port:
        folder, port = plan.home / "redis", plan.redis_port
        yield Process(
            "redis",
            redis.command(folder),
            {"LC_ALL": "C"},
            partial(redis.is_ready, port),
            partial(redis.prepare, folder, port, plan.password),
        )


def _servers(plan: Plan) -> Iterator[Process]:
    yield Process(
        "prefect",
        prefect("server", "start", "--host", plan.host, "--port", str(plan.port)),
        plan.server_environment,
        partial(answers, f"{plan.api_url}/ready"),
        most_memory_mb=SERVER_MEMORY_MB,
    )
    standby, gate = plan.place.standby, plan.place.gate
    if len(str(standby)) < SOCKET_LENGTH:
        listen = [sys.executable, "-m", "infra.standby.server", str(standby)]
        yield Process("standby", listen, plan.environment, partial(standing_by, standby))
        listen = [sys.executable, "-P", "-m", "expectations.standby", str(gate)]
        yield Process("gate", listen, plan.bare_environment, partial(standing_by, gate))
    if plan.simulator_port:
        begin = ["--now", plan.simulated_from.isoformat()] if plan.simulated_from else []
        state = ["--port", str(plan.simulator_port), "--state", str(plan.home / "simulator"), *begin]
        command = [sys.executable, "-m", "infra.simulator", *state]
        clock = f"http://{LOOPBACK}:{plan.simulator_port}/_clock"
        yield Process("simulator", command, plan.environment, partial(answers, clock))


def workers(plan: Plan, temporary: Path) -> Iterator[Process]:
    """Who does the work: each takes runs of every zone. Their temporary files are in a folder of this installation: in
    the one of the machine all workers of Prefect share a folder, which belongs to whoever came first."""
    begin = prefect("worker", "start", "--pool", POOL, "--name")
    environment = {**plan.environment, "TMPDIR": str(temporary)}
    for name in (f"worker-{number}" for number in range(1, plan.workers + 1)):
        reporting = Reporting(name, plan.api_url, environment)
        yield Process(
            name, [*begin, name], environment, reporting.heard, reporting.begin, most_memory_mb=WORKER_MEMORY_MB
        )


def watchers(plan: Plan) -> list[Process]:
    """Who sees that every slot ends, also when Prefect's scheduler makes no runs."""
    return [Process("reconciler", datazones("reconcile", "--every", str(RECONCILED_EVERY_S)), plan.environment)]


def preparation() -> Sequence[str]:
    """What tells a server all it needs to know before workers come."""
    return datazones("deploy")


def datazones(*words: str) -> list[str]:
    return [sys.executable, "-m", "datazones.cli", *words]


def prefect(*words: str) -> list[str]:
    return [sys.executable, "-m", "prefect", *words]
