"""What Prefect leaves behind when processes die is put to rest, on a real server; whoever is alive is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling, Pending, Running, Scheduled

from datazones import slots
from datazones.cli.serving import prefect_api
from infra import presence
from infra.children import free_port
from tasks import heed as heeding
from tasks.quotas import Turns
from tasks.reap import ELSEWHERE, ENDING, reap
from tasks.running import AUTO, PrefectRuns

UNBEGUN = timedelta(minutes=1)
HOLDING = "from infra import presence; import time; presence.hold(); print('held', flush=True); time.sleep(600)"
EVERY_MINUTE = "* * * * *"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncPrefectClient]:
    with prefect_api(tmp_path_factory.mktemp("server"), lambda: None) as url, SyncPrefectClient(url) as found:
        yield found


@pytest.fixture(scope="module")
def deployment(client: SyncPrefectClient) -> UUID:
    """A deployment of a zone, due every minute on a server whose scheduler is dead."""
    flow = client.create_flow_from_name("refresh")
    due = DeploymentScheduleCreate(schedule=CronSchedule(cron=EVERY_MINUTE, timezone="UTC"), active=True)
    return client.create_deployment(flow, name="hunan", schedules=[due], concurrency_limit=1)


class Here:
    """Runs of the deployment, in states that were said to the server, and the processes of some of them."""

    def __init__(self, client: SyncPrefectClient, deployment: UUID, home: Path, stack: ExitStack) -> None:
        self.client, self.deployment, self.home, self._stack = client, deployment, home, stack
        self.folder = presence.folder(home)

    def run(self, *states: State[None]) -> UUID:
        made = self.client.create_flow_run_from_deployment(self.deployment)
        for state in states:
            self.client.set_flow_run_state(made.id, state, force=True)
        self._stack.callback(self.client.delete_flow_run, made.id)
        return made.id

    def forget_what_is_planned(self) -> None:
        """What other tests have had planned is due by now, or not, or becomes so when the minute turns."""
        for run in self.client.read_flow_runs():
            self.client.delete_flow_run(run.id)

    def process(self, run: UUID) -> subprocess.Popen[bytes]:
        """A process that is at work for the run."""
        given = os.environ | {presence.RUN: str(run), presence.HOME: str(self.home)}
        child = subprocess.Popen([sys.executable, "-c", HOLDING], env=given, stdout=subprocess.PIPE)
        self._stack.callback(child.kill)
        assert child.stdout
        assert child.stdout.readline() == b"held\n"
        return child

    def reap(self, later: timedelta = timedelta()) -> None:
        reap(self.client, self.folder, UNBEGUN, datetime.now(UTC) + later)

    def state(self, run: UUID) -> StateType:
        found = self.client.read_flow_run(run).state
        assert found
        return found.type


@pytest.fixture
def here(client: SyncPrefectClient, deployment: UUID, tmp_path: Path) -> Iterator[Here]:
    with ExitStack() as stack:
        yield Here(client, deployment, tmp_path, stack)


@pytest.mark.parametrize("said", [Running, Pending])
def test_a_live_run_is_left_alone_however_long_it_takes_and_a_killed_one_crashes_at_once(
    here: Here, said: Callable[[], State[None]]
) -> None:
    run = here.run(said())
    child = here.process(run)
    here.reap(timedelta(days=2))
    assert here.state(run) in (StateType.RUNNING, StateType.PENDING)
    child.kill()
    child.wait()
    here.reap()
    assert here.state(run) is StateType.CRASHED


def test_a_run_of_another_machine_is_given_long_and_crashes_when_it_never_says_a_word(here: Here) -> None:
    run = here.run(Running())
    here.reap(ELSEWHERE - timedelta(minutes=1))
    assert here.state(run) is StateType.RUNNING
    here.reap(ELSEWHERE + timedelta(minutes=1))
    assert here.state(run) is StateType.CRASHED


def test_a_run_that_was_given_out_and_never_began_crashes(here: Here) -> None:
    run = here.run(Pending())
    here.reap(UNBEGUN / 2)
    assert here.state(run) is StateType.PENDING
    here.reap(UNBEGUN * 2)
    assert here.state(run) is StateType.CRASHED


def test_a_run_that_is_cancelled_and_does_not_end_is_made_to(here: Here) -> None:
    run = here.run(Running(), Cancelling())
    child = here.process(run)
    here.reap(ENDING / 2)
    assert (here.state(run), child.poll()) == (StateType.CANCELLING, None)
    here.reap(ENDING * 2)
    assert child.wait(10) == -9
    assert here.state(run) is StateType.CANCELLED


def test_a_cancelled_run_whose_process_is_gone_is_over(here: Here) -> None:
    run = here.run(Running(), Cancelling())
    child = here.process(run)
    child.kill()
    child.wait()
    here.reap()
    assert here.state(run) is StateType.CANCELLED


def test_a_slot_that_no_run_holds_is_given_back_and_one_that_is_held_is_not(here: Here) -> None:
    name = f"deployment:{here.deployment}"
    run = here.run(Running())
    child = here.process(run)
    here.client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=1))
    here.reap()
    assert here.client.read_global_concurrency_limit_by_name(name).active_slots == 1
    child.kill()
    child.wait()
    here.reap()
    assert here.state(run) is StateType.CRASHED
    here.client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=1))
    here.reap()
    assert here.client.read_global_concurrency_limit_by_name(name).active_slots == 0


def test_a_scheduler_that_looks_healthy_and_makes_no_runs_is_noticed_within_two_intervals(here: Here) -> None:
    planned = PrefectRuns(here.client).planned_until("hunan")
    assert planned
    assert not slots.is_silent(EVERY_MINUTE, planned, planned + timedelta(seconds=59))
    assert slots.is_silent(EVERY_MINUTE, planned, planned.replace(second=30) + timedelta(minutes=3))
    until = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    path: dict[str, object] = {"id": here.deployment}
    here.client.request("POST", "/deployments/{id}/schedule", path_params=path, json={"end_time": until})
    assert (PrefectRuns(here.client).planned_until("hunan") or planned) > planned + timedelta(minutes=1)


def test_a_missed_slot_is_given_to_prefect_once_however_often_it_is_asked_for(here: Here) -> None:
    here.forget_what_is_planned()
    runs, now = PrefectRuns(here.client), datetime.now(UTC)
    slot = slots.latest(EVERY_MINUTE, now)
    for _ in range(3):
        runs.ask("hunan", slot, 1)
    assert runs.live("hunan", datetime.now(UTC)) == {slot}
    runs.ask("hunan", slot, 2)
    made = here.client.read_flow_runs()
    assert sum(run.parameters == {"slot": slot.isoformat()} for run in made) == 2


def test_a_cancelled_run_ends_by_itself_between_two_steps_and_another_goes_on(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, cancelled = here.run(Running()), here.run(Running(), Cancelling())
    with temporary_settings({PREFECT_API_URL: str(here.client.api_url)}):
        for run in (running, cancelled):
            monkeypatch.setenv(presence.RUN, str(run))
            monkeypatch.setattr(heeding, "_asked_at", -1e9)
            with pytest.raises(heeding.Stopped) if run == cancelled else nullcontext():
                heeding.heed()
    assert (here.state(running), here.state(cancelled)) == (StateType.RUNNING, StateType.CANCELLED)


def _taken(url: str, longest_s: float, name: str = "datazones-provider-x") -> float:
    """A turn, as a worker of its own takes it. A server on SQLite that says it is busy is asked again, as ever."""
    with temporary_settings({PREFECT_API_URL: url}):
        return Turns(name).take(longest_s)


def test_workers_of_several_machines_keep_a_providers_quota_together(client: SyncPrefectClient) -> None:
    url = str(client.api_url)
    client.upsert_global_concurrency_limit_by_name("datazones-provider-x", 1, 2.0)
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as hands:
        waits = list(hands.map(lambda _: _taken(url, 120.0), range(8)))
    assert max(waits) <= 120
    assert time.monotonic() - begun >= 7 / 2.0 * 0.9, "eight turns at two a second"
    assert _taken(url, 0.0, "a provider without a limit") < 5
    client.upsert_global_concurrency_limit_by_name("datazones-provider-x", 1, 0.001)
    assert _taken(url, 0.5) > 0.5, "a turn that comes too late is not waited for"


def test_without_a_server_this_machines_quota_alone_is_kept() -> None:
    assert _taken(f"http://127.0.0.1:{free_port()}/api", 60.0) < 60


def test_of_the_schedulers_runs_that_wait_only_the_newest_is_kept_and_what_somebody_asked_for(
    here: Here, client: SyncPrefectClient
) -> None:
    here.forget_what_is_planned()
    now = datetime.now(UTC)

    def waiting(minutes: int, *tags: str) -> UUID:
        due = Scheduled(scheduled_time=now - timedelta(minutes=minutes))
        made = client.create_flow_run_from_deployment(here.deployment, state=due, tags=tags)
        return made.id

    old, older, newest = (waiting(minutes, AUTO) for minutes in (2, 3, 1))
    asked_for, under_way = waiting(4), here.run(Running())
    assert PrefectRuns(client).thin("hunan", now) == 2
    assert {here.state(each) for each in (old, older)} == {StateType.CANCELLED}
    assert {here.state(each) for each in (newest, asked_for)} == {StateType.SCHEDULED}
    assert here.state(under_way) is StateType.RUNNING
    assert PrefectRuns(client).thin("hunan", now) == 0
