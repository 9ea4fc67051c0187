"""Feed Prefect a bounded window of flow runs, each of which carries a chunk; what it lost is given to it again.

The ledger knows what is to be done; Prefect is told the next chunks, of as many zones as are worked on at once. Every
item of a bulk answer is read: on SQLite it may say 200 and have made none of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from datazones.backfilling import Part
from datazones.errors import StoreUnavailable
from tasks.equip import Equipment

DEPLOYMENT = "carry/carry"
AT_ONCE = 3
"""Of one backfill: as many as `carry` may do at once, and one that waits and goes on where those die. The next is given
when one ends: whatever waits asks the server again and again whether it may begin, and many keep it busy."""
A_CALL = 100
TIMES = 30
PAUSE_S = 0.5
FORGOTTEN_S = 120.0
"""A run that has claimed nothing for so long is dead, whatever its state says."""


@dataclass(frozen=True)
class Item:
    """A chunk that a flow run is to carry: `attempt` counts the claims, `died` the runs that died before theirs."""

    zone_id: str
    backfill_id: str
    chunk: int
    attempt: int
    died: int = 0

    def plain(self) -> dict[str, Any]:
        return {
            "parameters": {"zone": self.zone_id, "backfill_id": self.backfill_id, "chunk": self.chunk},
            "idempotency_key": f"{self.backfill_id}/{self.zone_id}/{self.chunk}/{self.attempt}/{self.died}",
            "name": f"{self.zone_id} · backfill {self.backfill_id} · chunk {self.chunk}",
            "tags": ["backfill", self.backfill_id],
        }


def next_items(equipment: Equipment, parts: Iterable[Part]) -> list[Item]:
    """The next chunks, of zones in which none is worked on and none waits for a person, the furthest behind first, so
    that those are given again that wait already. With those that are worked on they are `AT_ONCE`.
    """
    found, busy = [], 0
    for part in parts:
        ledger = equipment.ledger(part.zone_id)
        if ledger.word(part.backfill_id) != "run":
            continue
        chunks = ledger.chunks(part)
        if any(chunk.state == "running" and not ledger.is_free(chunk) for chunk in chunks):
            busy += 1
        elif not any(chunk.state == "held" for chunk in chunks):
            free = next((chunk for chunk in chunks if ledger.is_free(chunk)), None)
            found += [Item(part.zone_id, part.backfill_id, free.number, free.attempt)] if free else []
    return sorted(found, key=lambda item: item.chunk)[: max(0, AT_ONCE - busy)]


def submit(equipment: Equipment, parts: Sequence[Part]) -> int | None:
    """Give the server what is next of the backfill of these parts; how many flow runs.

    None without a server that has the deployment.
    """
    if "PREFECT_API_URL" not in os.environ:
        return None
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            return None
        return submitted(client, deployment.id, next_items(equipment, parts))


def submitted(client: SyncPrefectClient, deployment: UUID, items: Sequence[Item]) -> int:
    """Every item as a flow run that lives; StoreUnavailable when the server does not take them, however often asked."""
    left = list(items)
    for _ in range(TIMES):
        refused: list[Item] = []
        for begin in range(0, len(left), A_CALL):
            refused += _call(client, deployment, left[begin : begin + A_CALL])
        if not refused:
            return len(items)
        left = refused
        time.sleep(PAUSE_S)
    raise StoreUnavailable(
        "the Prefect server",
        found=f"{len(left)} of {len(items)} flow runs refused, {TIMES} times",
        expected="flow runs that are made, or were made before under the same key",
        next_step="look at the server's log; PostgreSQL takes what SQLite refuses. Then `datazones backfill resume ID`",
    )


def _call(client: SyncPrefectClient, deployment: UUID, items: Sequence[Item]) -> list[Item]:
    """One bulk call; the items that have no living run after it. A key under which a run has died is used no more."""
    path: Any = f"/deployments/{deployment}/create_flow_run/bulk"  # the client has no name for it
    results = client.request("POST", path, json=[item.plain() for item in items]).json()["results"]
    made = {UUID(found): item for item, each in zip(items, results, strict=True) if (found := each["flow_run_id"])}
    refused = [item for item, each in zip(items, results, strict=True) if not each["flow_run_id"]]
    known = FlowRunFilter.model_validate({"id": {"any_": list(made)}})
    dead = (
        {run.id for run in client.read_flow_runs(flow_run_filter=known, limit=A_CALL) if _is_dead(run)} if made else ()
    )
    return refused + [replace(item, died=item.died + 1) for run, item in made.items() if run in dead]


def _is_dead(run: FlowRun) -> bool:
    """Whether nothing will come of a run whose chunk nobody works on: it has ended, or was begun and forgotten."""
    if run.state is None or run.state.is_final():
        return run.state is not None
    forgotten = datetime.now(UTC) - run.state.timestamp > timedelta(seconds=FORGOTTEN_S)
    return forgotten and (run.state.is_pending() or run.state.is_running())
