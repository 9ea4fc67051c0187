"""What of a backfill Prefect shows, and which flow runs it is given, by a server without a worker."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from prefect.artifacts import Artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.states import Completed, Crashed

from datazones.backfilling import Plan
from flows.carry import carry
from tasks.backfills import parts_of
from tasks.submit import submit
from tests.journey.backfilling import Rig, rig


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("backfills"), 8) as found:
        yield found


def test_prefect_shows_what_status_says(working: Rig) -> None:
    done = working.run(working.zone(), "2015-01", "2015-03")
    table = Artifact.get(f"backfill-{done.backfill_id}")
    assert table
    assert json.loads(str(table.data)) == done.rows()
    assert table.description == str(done) == "done: 3 of 3 slices done"
    bar = Artifact.get(f"backfill-{done.backfill_id}-progress")
    assert bar
    assert bar.data == 100.0


@pytest.fixture
def carrying() -> Iterator[SyncPrefectClient]:
    """A server that has the deployment which carries chunks, and no worker."""
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("carry")
        deployment = client.create_deployment(flow, "carry", enforce_parameter_schema=False)
        yield client
        client.delete_deployment(deployment)


def _runs(client: SyncPrefectClient, *plans: Plan) -> list[FlowRun]:
    tags = {"tags": {"any_": [plan.backfill_id for plan in plans]}}
    return client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(tags))


def test_without_a_server_that_carries_backfills_nothing_is_given(working: Rig) -> None:
    plan = working.plan(working.zone(), "2015-01", "2015-03")
    assert submit(working.equipment, parts_of(working.equipment, plan.backfill_id)) is None


def test_prefect_is_given_each_chunk_once_and_again_when_its_run_has_died(
    working: Rig, carrying: SyncPrefectClient
) -> None:
    plan = working.plan(f"{working.zone()},{working.zone()}", "2015-01", "2015-03")
    parts = parts_of(working.equipment, plan.backfill_id)
    given = [submit(working.equipment, parts) for _ in range(3)]
    first = _runs(carrying, plan)
    carrying.set_flow_run_state(first[0].id, Crashed(), force=True)
    given.append(submit(working.equipment, parts))
    assert given == [2, 2, 2, 2]
    assert len(first) == 2
    zones = Counter(run.parameters["zone"] for run in _runs(carrying, plan))
    assert zones == Counter([*plan.wanted.zones, first[0].parameters["zone"]])


def test_prefect_has_one_chunk_of_a_zone_however_many_backfills_there_are_and_each_has_its_turn(
    working: Rig, carrying: SyncPrefectClient
) -> None:
    zone, alone = working.zone(), working.zone()
    plans = [working.plan(zones, "2014-01", "2015-12") for zones in (zone, f"{zone},{alone}", zone)]
    given = [submit(working.equipment, parts_of(working.equipment, plan.backfill_id)) for plan in plans]
    assert given == [1, 1, 0]
    done = []
    while waiting := [run for run in _runs(carrying, *plans) if not run.state or not run.state.is_final()]:
        assert Counter(run.parameters["zone"] for run in waiting).most_common(1)[0][1] == 1
        run = waiting[0]
        done.append(carry(**run.parameters))
        carrying.set_flow_run_state(run.id, Completed(), force=True)
    assert done == ["done"] * 4
    assert {working.progress(plan.backfill_id).state for plan in plans} == {"done"}
