"""Feed Prefect a bounded window of flow runs, each of which carries a chunk; what it lost is given to it again.

The ledger knows what is to be done. Prefect has one chunk of each zone at most, however many backfills there are: what
waits for its turn asks the server again and again whether it may begin, and many keep it busy. Whoever ends a chunk
gives the zone's next one, of the same backfill, or else of the others, the oldest first. Every item of a bulk answer is
read: on SQLite it may say 200 and have made none of them.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run

from datazones.backfilling import Part
from datazones.backfilling.chunks import ENDED
from datazones.errors import StoreUnavailable
from tasks.equip import Equipment

DEPLOYMENT = "carry/carry"
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
    """The next chunk of each part in whose zone none of it is worked on and none waits for a person."""
    found = []
    for part in parts:
        ledger = equipment.ledger(part.zone_id)
        if ledger.word(part.backfill_id) != "run":
            continue
        chunks = ledger.chunks(part)
        if any(chunk.state == "held" or (chunk.state == "running" and not ledger.is_free(chunk)) for chunk in chunks):
            continue
        free = next((chunk for chunk in chunks if ledger.is_free(chunk)), None)
        if free:
            found.append(Item(part.zone_id, part.backfill_id, free.number, free.attempt))
    return found


def submit(equipment: Equipment, parts: Sequence[Part]) -> int | None:
    """Give the server what is next of the backfill of these parts, in zones that no other backfill has; how many flow
    runs it has of it then.

    None without a server that has the deployment.
    """
    return _given(equipment, lambda: next_items(equipment, parts))


def pass_on(equipment: Equipment, zone_id: str, parts: Sequence[Part]) -> None:
    """Give the server what is next of the backfill of these parts; and where it has nothing for the zone, in which a
    chunk has just ended, what is next of the others there."""

    def following() -> list[Item]:
        items = next_items(equipment, parts)
        if zone_id in {item.zone_id for item in items}:
            return items
        ledger, done = equipment.ledger(zone_id), {part.backfill_id for part in parts}
        others = sorted(
            (ledger.part(each) for each in ledger.ids() if each not in done), key=lambda part: part.planned_at
        )
        return items + next(([item] for part in others for item in next_items(equipment, [part])), [])

    _given(equipment, following)


def _given(equipment: Equipment, items: Callable[[], Sequence[Item]]) -> int | None:
    if "PREFECT_API_URL" not in os.environ:
        return None
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT).id
        except ObjectNotFound:
            return None
        having = _having(equipment, client, deployment)
        return submitted(client, deployment, [item for item in items() if having[item.zone_id] <= {item.backfill_id}])


def _having(equipment: Equipment, client: SyncPrefectClient, deployment: UUID) -> Mapping[str, set[str]]:
    """By zone, the backfills of which a run waits or works there, but for this very run."""
    living = {"type": {"any_": [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]}}
    wanted = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment]}, "state": living})
    found: defaultdict[str, set[str]] = defaultdict(set)
    for run in client.read_flow_runs(flow_run_filter=wanted):
        zone_id, backfill_id = run.parameters["zone"], run.parameters["backfill_id"]
        ledger = equipment.ledger(zone_id)
        chunk = ledger.chunk(backfill_id, run.parameters["chunk"])
        idle = ledger.is_free(chunk) and _is_dead(run)
        if str(run.id) != flow_run.get_id() and chunk.state not in ENDED and not idle:
            found[zone_id].add(backfill_id)
    return found


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
