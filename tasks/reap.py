"""Put to rest what Prefect leaves behind: runs that run, wait or are cancelled for ever, and slots that nobody holds.

Prefect believes what it was told last. A killed process tells nothing, and its run keeps the deployment's only slot.
A run is dead when its process on this machine is gone, which its lock says; of one that ran elsewhere only its
heartbeats are known, so it is given long. Nobody who is alive is touched, but for one who was to end and does not.
Taken for dead by mistake, a run does no harm: figures have one writer by file lock and pointer, whatever Prefect says.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas import FlowRun
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.states import Cancelled, Crashed

from infra import presence

ELSEWHERE = timedelta(minutes=15)
"""So long a run of another machine may be silent: five heartbeats as Prefect sends them by default."""

ENDING = timedelta(seconds=60)
"""So long a run that is cancelled may take to end."""

LOOKED_AGAIN_S = 2.0
"""After so long a slot that nobody held is looked at once more: a run may just have begun or ended."""

HOLDING = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
"""Of these a run holds its deployment's slot."""

BEAT = "prefect.flow-run.heartbeat"


@dataclass(frozen=True)
class Reaped:
    """One run or limit that was put right, and why."""

    name: str
    what: str


def reap(client: SyncPrefectClient, here: str, unbegun: timedelta, now: datetime) -> list[Reaped]:
    """One pass over all runs of deployments, and over the slots they hold.

    `here` is where the runs of this machine are known; `unbegun` is how long a run may be about to begin.
    """
    presence.forget(here)
    reaped = [one for run in _holding(client) if (one := _judged(client, run, here, unbegun, now))]
    return [*reaped, *_freed(client)]


def _holding(client: SyncPrefectClient) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=HOLDING))
    found = client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state))
    return [run for run in found if run.deployment_id and run.state]


def _judged(client: SyncPrefectClient, run: FlowRun, here: str, unbegun: timedelta, now: datetime) -> Reaped | None:
    """What was done about one run; None where it is alive or may be."""
    alive = presence.alive(here, str(run.id))
    kind, since = _state(run, now)
    if alive and kind is StateType.CANCELLING and since > ENDING:
        _end(presence.process(here, str(run.id)))
    elif alive or (alive is None and not _is_silent(client, run, unbegun, now)):
        return None
    over = Cancelled if kind is StateType.CANCELLING else Crashed
    client.set_flow_run_state(run.id, over(message="Its process is gone."), force=True)
    return Reaped(run.name, f"{kind.value.lower()} for ever")


def _is_silent(client: SyncPrefectClient, run: FlowRun, unbegun: timedelta, now: datetime) -> bool:
    """Whether a run of which this machine knows nothing has not been heard of for too long."""
    kind, since = _state(run, now)
    if kind is StateType.PENDING:
        return since > unbegun
    beat = _beat(client, run.id) if since > ELSEWHERE else now
    return beat is None or now - beat > ELSEWHERE


def _state(run: FlowRun, now: datetime) -> tuple[StateType, timedelta]:
    """The state of a run that has one, and for how long it has been so."""
    assert run.state
    return run.state.type, now - run.state.timestamp


def _beat(client: SyncPrefectClient, run_id: UUID) -> datetime | None:
    """When the run last said that it lives; None when it never did."""
    wanted = EventFilter(
        event=EventNameFilter(name=[BEAT]), resource=EventResourceFilter(id=[f"prefect.flow-run.{run_id}"])
    )
    found = client.read_events(wanted, limit=1).events
    return found[0].occurred if found else None


def _end(process: int) -> None:
    """Make a process end that was asked to and does not, and wait until it has."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _freed(client: SyncPrefectClient) -> Iterator[Reaped]:
    """Set right the limits of deployments of which more slots are taken than runs hold, both times one looks."""
    leaking = _leaking(client)
    if not leaking:
        return
    time.sleep(LOOKED_AGAIN_S)
    for name, (limit, held) in _leaking(client).items():
        if name in leaking and leaking[name][0].active_slots == limit.active_slots:
            client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=held))
            yield Reaped(name, f"{limit.active_slots} slots taken, {held} held")


def _leaking(client: SyncPrefectClient) -> Mapping[str, tuple[GlobalConcurrencyLimitResponse, int]]:
    limits = {limit.name: limit for limit in client.read_global_concurrency_limits(limit=200)}
    held = _held(_holding(client))
    ours = {name: limit for name, limit in limits.items() if name.startswith("deployment:")}
    return {name: (limit, held.get(name, 0)) for name, limit in ours.items() if limit.active_slots > held.get(name, 0)}


def _held(runs: Sequence[FlowRun]) -> dict[str, int]:
    names = [f"deployment:{run.deployment_id}" for run in runs]
    return {name: names.count(name) for name in names}
