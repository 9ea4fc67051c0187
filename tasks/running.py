"""The runs of Prefect, as the reconciler sees them: which slots somebody is at, and one more where nobody is."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import UTC, datetime

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas import FlowRun
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import TERMINAL_STATES, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled

from datazones import slots

PAGE = 200
LIVE = [kind for kind in StateType if kind not in TERMINAL_STATES]
AUTO = "auto-scheduled"
"""Prefect's tag of a run that its scheduler made."""

CATCHING_UP = "catch-up"
"""The tag of a run that makes up for a missed slot."""


class PrefectRuns:
    """Runs of the zones' deployments on one server, which is asked once whether it does `answer`."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self.answer = client.api_healthcheck() is None

    def live(self, zone_id: str, now: datetime) -> Set[datetime] | None:
        """The slots for which a run waits or is under way; None when the server does not say, or is told to pause."""
        if not self.answer:
            return None
        try:
            paused = self._client.read_deployment_by_name(f"refresh/{zone_id}").paused
        except ObjectNotFound:
            return None
        return None if paused else frozenset(map(_slot, self._live(zone_id, now)))

    def ask(self, zone_id: str, slot: datetime, number: int) -> None:
        """Have the slot run. The key makes it one run, however often it is asked for with this number."""
        deployment = self._client.read_deployment_by_name(f"refresh/{zone_id}")
        self._client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"slot": slot.isoformat()},
            idempotency_key=f"{zone_id}/{slots.named(slot)}/{number}",
            tags=[CATCHING_UP],
        )

    def thin(self, zone_id: str, now: datetime) -> int:
        """Call off the scheduler's runs that only wait, but for the newest; how many.

        For a zone whose latest slot covers those before it. Every poll of every worker has the server decide about each
        run that waits behind a limit: some hundred of them, and it does nothing else any more.
        """
        waiting = [run for run in self._live(zone_id, now) if run.state_type is StateType.SCHEDULED]
        ours = sorted((run for run in waiting if AUTO in run.tags), key=_slot)
        for run in ours[:-1]:
            called_off: State[None] = Cancelled(message="A later slot asks for all that this one would have.")
            self._client.set_flow_run_state(run.id, called_off, force=True)
        return len(ours[:-1])

    def planned_until(self, zone_id: str) -> datetime | None:
        """The latest instant for which Prefect's scheduler has made a run, at the least when it was told to.

        None when the server does not say, or is told to pause.
        """
        if not self.answer:
            return None
        try:
            deployment = self._client.read_deployment_by_name(f"refresh/{zone_id}")
        except ObjectNotFound:
            return None
        if deployment.paused or not any(schedule.active for schedule in deployment.schedules):
            return None
        newest = self._client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
            flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[AUTO])),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=1,
        )
        told = [deployment.created, *(schedule.updated for schedule in deployment.schedules)]
        return max(instant for instant in (*told, *(run.expected_start_time for run in newest)) if instant)

    def _live(self, zone_id: str, now: datetime) -> Iterator[FlowRun]:
        offset = 0
        while True:
            page = self._client.read_flow_runs(
                flow_filter=FlowFilter(name=FlowFilterName(any_=["refresh"])),
                deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[zone_id])),
                flow_run_filter=FlowRunFilter(
                    state=FlowRunFilterState(type=FlowRunFilterStateType(any_=LIVE)),
                    expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
                ),
                limit=PAGE,
                offset=offset,
            )
            yield from page
            if len(page) < PAGE:
                return
            offset += PAGE


def _slot(run: FlowRun) -> datetime:
    given = run.parameters.get("slot")
    if given:
        return datetime.fromisoformat(given).astimezone(UTC)
    due = run.expected_start_time or run.created
    return due.astimezone(UTC) if due else datetime.now(UTC)
