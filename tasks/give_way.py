"""Scheduled runs go first: a backfill waits before it touches a zone that one of them works on or is due for."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType

from datazones.backfilling.ledger import Notes
from tasks.equip import Equipment
from tasks.gather import look

LOOK_S = 1.0
PATIENCE_S = 600.0
"""A scheduled run that takes longer is dead, or so slow that the pointer may decide who of both was first."""

WAITING = ("AwaitingConcurrencySlot", "AwaitingRetry")
"""States of Prefect's in which a run is put off, though it is due."""


def give_way(equipment: Equipment, claim: Notes, zone_id: str) -> None:
    """Wait while a scheduled run of the zone is due or works; LaidDown when a person says so meanwhile."""
    until = time.monotonic() + PATIENCE_S
    with equipment.spending("give way"):
        while time.monotonic() < until and wanted(zone_id):
            look(claim)
            time.sleep(LOOK_S)


def wanted(zone_id: str) -> bool:
    """Whether a scheduled run of the zone is due or works. Without a server of one's own nothing is scheduled."""
    if "PREFECT_API_URL" not in os.environ:
        return False
    of_zone = {"tags": {"all_": ["zone", zone_id]}}
    busy = {"state": {"type": {"any_": [StateType.PENDING, StateType.RUNNING]}}}
    due = {"state": {"type": {"any_": [StateType.SCHEDULED]}}, "expected_start_time": {"before_": datetime.now(UTC)}}
    waiting = {"state": {"name": {"any_": list(WAITING)}}}
    with get_client(sync_client=True) as client:
        return any(
            client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate({**of_zone, **state}), limit=1)
            for state in (busy, due, waiting)
        )
