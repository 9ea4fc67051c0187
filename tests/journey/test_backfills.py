"""Backfills as an engineer gives them: what is asked is counted at the provider, what is published is read."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from datazones.publishing import Store
from tasks.backfills import unfinished
from tests.journey.backfilling import Rig, rig

YEAR = [f"2015{month:02}" for month in range(1, 13)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("backfills"), 40) as found:
        yield found


@pytest.fixture
def working(shared: Rig) -> Rig:
    """Providers that behave, and a machine on which no zone has asked them yet: zones of one area ask the same."""
    shared.providers.script()
    shutil.rmtree(shared.equipment.settings.home / "landing" / "answers", ignore_errors=True)
    shared.providers.asked()
    return shared


def test_what_is_missing_is_asked_once_and_what_is_held_is_left_alone(working: Rig) -> None:
    zone = working.zone()
    done = working.run(zone, "2015-01", "2015-12")
    assert (done.state, done.done, done.total) == ("done", 12, 12)
    assert working.providers.asked() == YEAR
    assert working.months(zone) == YEAR
    assert working.plan(zone, "2015-01", "2015-12").todo.height == 0
    assert working.run(zone, "2014-11", "2016-02").done == 4
    assert working.providers.asked() == ["201411", "201412", "201601", "201602"]


def test_a_chunk_is_one_load_and_one_snapshot(working: Rig) -> None:
    zone = working.zone()
    done = working.run(zone, "2011-01", "2015-12")
    assert done.zones[0].snapshot.startswith("1-")
    assert working.ask(zone, "SELECT count(*) FROM load_log") == [(1,)]
    assert len(working.months(zone)) == 60


def test_forced_it_asks_everything_anew_and_reversed_the_newest_first(working: Rig) -> None:
    zone = working.zone()
    working.run(zone, "2015-01", "2015-06")
    working.providers.asked()
    assert working.run(zone, "2015-01", "2015-06", which="force", reverse=True).done == 6
    assert working.providers.asked() == list(reversed(YEAR[:6]))


def test_what_fails_is_told_the_rest_is_published_and_retry_does_that_alone(working: Rig) -> None:
    zone = working.zone()
    working.providers.script({"match": "201503-", "fault": "status", "code": 403})
    plan = working.plan(zone, "2015-01", "2015-06")
    failed = working.carry(plan.backfill_id)
    assert (failed.state, failed.slices) == ("failed", {"done": 5, "failed": 1})
    assert "ProviderRefused" in failed.zones[0].reason
    assert working.months(zone) == [month for month in YEAR[:6] if month != "201503"]
    working.providers.script()
    working.providers.asked()
    working.say(plan.backfill_id, "retry")
    assert working.carry(plan.backfill_id).state == "done"
    assert working.providers.asked() == ["201503"]
    assert working.months(zone) == YEAR[:6]


def test_of_what_is_over_nothing_is_read_again_until_somebody_says_retry(
    working: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = working.zone()
    working.providers.script({"match": "201503-", "fault": "status", "code": 403})
    backfill = working.plan(zone, "2015-01", "2015-06").backfill_id
    assert backfill in unfinished(working.equipment)
    working.carry(backfill)
    assert backfill not in unfinished(working.equipment)
    read: list[str] = []
    get = Store.get
    monkeypatch.setattr(Store, "get", lambda self, key: read.append(key) or get(self, key))
    assert backfill not in unfinished(working.equipment)
    assert [key for key in read if backfill in key] == []
    working.say(backfill, "retry")
    assert backfill in unfinished(working.equipment)


def test_what_failed_in_an_earlier_backfill_is_what_failed_asks_for(working: Rig) -> None:
    zone = working.zone()
    working.providers.script({"match": "20150[24]-", "fault": "status", "code": 403})
    working.run(zone, "2015-01", "2015-06")
    working.providers.script()
    working.providers.asked()
    done = working.run(zone, "2014-01", "2015-12", which="failed")
    assert (done.state, done.total) == ("done", 2)
    assert working.providers.asked() == ["201502", "201504"]


def test_an_answer_that_cannot_be_read_fails_alone_and_is_read_again_without_a_request(working: Rig) -> None:
    zone = working.zone()
    working.providers.script({"match": "201503-", "fault": "replaced", "old": "datanodes", "new": "nodes"})
    plan = working.plan(zone, "2015-01", "2015-06")
    failed = working.carry(plan.backfill_id)
    assert failed.slices == {"done": 5, "failed": 1}
    assert len(working.months(zone)) == 5
    working.providers.asked()
    working.say(plan.backfill_id, "retry")
    assert working.carry(plan.backfill_id).slices == {"done": 5, "failed": 1}
    assert working.providers.asked() == []


def test_a_provider_that_is_down_is_left_alone_after_three_slices(working: Rig) -> None:
    zone = working.zone()
    working.providers.script({"match": "20150[4-9]-", "fault": "rate_limited", "code": 429, "wait": "7200"})
    plan = working.plan(zone, "2015-01", "2015-12")
    failed = working.carry(plan.backfill_id)
    assert failed.slices == {"done": 3, "failed": 9}
    assert "6 were not asked any more" in failed.zones[0].reason
    assert working.providers.asked() == YEAR[:6]
    working.providers.script()
    working.say(plan.backfill_id, "retry")
    assert working.carry(plan.backfill_id).state == "done"
    assert working.providers.asked() == YEAR[3:]


def _said_under_way(working: Rig, zone: str, word: str) -> tuple[str, str]:
    """A slow year of which three months are asked for when the word is said: the backfill, and how it stands then."""
    working.providers.script({"match": "2015", "fault": "slow", "pause_s": 0.3})
    plan = working.plan(zone, "2015-01", "2015-12")
    saying = working.after(3, plan.backfill_id, word)
    state = working.carry(plan.backfill_id).state
    saying.join()
    return plan.backfill_id, state


def test_paused_between_two_slices_it_goes_on_where_it_was(working: Rig) -> None:
    zone = working.zone()
    backfill, state = _said_under_way(working, zone, "pause")
    assert state == "paused"
    assert working.months(zone) == []
    before = working.providers.asked()
    assert 3 <= len(before) < 12
    working.providers.script()
    working.say(backfill, "run")
    assert working.carry(backfill).state == "done"
    assert before + working.providers.asked() == YEAR
    assert working.months(zone) == YEAR


def test_cancelled_it_asks_nothing_more_and_publishes_nothing_more(working: Rig) -> None:
    zone = working.zone()
    backfill, state = _said_under_way(working, zone, "cancel")
    assert state == "cancelled"
    asked = len(working.providers.asked())
    assert 3 <= asked < 12
    working.say(backfill, "run")
    assert working.carry(backfill).state == "cancelled"
    assert working.providers.asked() == []
    assert working.months(zone) == []


def test_a_question_that_zones_share_is_asked_once_for_all_of_them(working: Rig) -> None:
    zones = ",".join(working.zone() for _ in range(3))
    done = working.run(zones, "2018-01", "2018-12", "months_of_beijing")
    assert (done.done, done.total) == (36, 36)
    asked = working.providers.asked()
    assert asked == [f"2018{month:02}" for month in range(1, 13)]
    assert {tuple(working.months(zone)) for zone in zones.split(",")} == {tuple(asked)}


def test_what_waits_for_approval_is_published_by_it_and_by_nothing_else(working: Rig) -> None:
    from flows.approve import approve
    from tasks.backfills import parts_of, settle

    zone = working.zone()
    working.run(zone, "2015-01", "2015-02")
    plan = working.plan(zone, "2015-03", "2015-04", approval=True)
    held = working.carry(plan.backfill_id)
    assert held.state == "held"
    assert "2 added" in held.zones[0].reason
    assert working.run(zone, "2015-05", "2015-05").state == "done"
    assert working.months(zone) == ["201501", "201502", "201505"]
    working.say(plan.backfill_id, "retry")
    working.providers.asked()
    assert working.carry(plan.backfill_id).state == "held"
    assert working.providers.asked() == []
    approve(zone, "they are right", "ann")
    settle(working.equipment, parts_of(working.equipment, plan.backfill_id))
    assert working.progress(plan.backfill_id).state == "done"
    assert working.months(zone) == YEAR[:5]


def test_a_worker_that_takes_over_asks_nothing_that_has_landed(working: Rig) -> None:
    """As if the first one had died between its last answer and the load."""
    from tasks.gather import gather

    zone = working.equipment.catalogue.zone(working.zone())
    plan = working.plan(zone.zone_id, "2017-01", "2017-06")
    ledger = working.equipment.ledger(zone.zone_id)
    first = ledger.claim(plan.backfill_id, 0)
    assert first
    gather(working.equipment, first, ledger.part(plan.backfill_id))
    first.outcomes.clear()
    ledger.move(plan.backfill_id, 0, lambda chunk: chunk.laid_down())
    assert len(working.providers.asked()) == 6
    assert working.carry(plan.backfill_id).state == "done"
    assert working.providers.asked() == []
    assert {each.state for each in ledger.chunk(plan.backfill_id, 0).outcomes.values()} == {"loaded"}


HOUR_S = 1200.0
"""So long an hour of the provider's lasts here: its 60 calls a minute are 180, which is 60 in 20 s."""


@pytest.fixture
def throttled(working: Rig) -> Iterator[Rig]:
    """The provider counts calls and refuses what goes beyond; we keep to what it allows."""
    equipment, unhurried = working.equipment, working.equipment.settings
    equipment.settings = unhurried.model_copy(update={"simulated_hour_s": HOUR_S})
    equipment._transports.clear()
    working.providers.limit(60, 20.0)
    yield working
    working.providers.limit(1_000_000, 1.0)
    equipment.settings = unhurried
    equipment._transports.clear()


def test_under_a_quota_hardly_anything_is_refused_and_half_way_no_less_is_foretold_than_it_allows(
    throttled: Rig,
) -> None:
    zones = f"{throttled.zone()},{throttled.zone()}"
    plan = throttled.plan(zones, "2011-01", "2014-09")
    assert plan.cost.asking_s == pytest.approx(89 / 3)
    assert plan.cost.because == "the NBS allows 180 calls a minute"
    before, told = throttled.providers.statuses()[429], []

    def half_way() -> None:
        while (now := throttled.progress(plan.backfill_id)).done < 45:
            time.sleep(0.1)
        told.append(now.left_s)

    watching = threading.Thread(target=half_way, daemon=True)
    watching.start()
    assert throttled.carry(plan.backfill_id).done == 90
    watching.join()
    (left_s,) = told
    assert left_s >= 0.9 * 45 / 3, "never less than the quota takes"
    assert throttled.providers.statuses()[429] - before <= 3


def test_a_preview_says_what_would_be_added_and_revised_and_by_how_much_and_changes_nothing(working: Rig) -> None:
    from dataclasses import replace as other

    from datazones.backfilling import Wanted
    from tasks.backfills import planned
    from tasks.preview import preview

    zone = working.zone()
    working.run(zone, "2013-01", "2013-03")
    held = dict(working.published(zone))
    month, figure = next((month, figure) for month, figure in held.items() if figure)
    assert isinstance(figure, float)
    text = f"{figure:.3f}"
    working.providers.script({"match": f"{month}-", "fault": "replaced", "old": text, "new": f"{figure * 1.5:.3f}"})
    wanted = Wanted("months", (zone,), "2013-01", "2013-06", "force")
    (effect,) = preview(working.equipment, planned(working.equipment, wanted))
    found = effect.feeds.to_dicts()[0]
    assert (found["added"], found["revised"], found["withdrawn"]) == (3, 1, 0)
    (mover,) = effect.movers.to_dicts()
    assert (mover["most_in"], mover["added"], mover["revised"]) == (month, 3, 1)
    assert mover["moved"] == pytest.approx(0.5, rel=1e-6)
    assert dict(working.published(zone)) == held
    working.providers.asked()
    missing = other(wanted, which="missing")
    assert preview(working.equipment, planned(working.equipment, missing))[0].feeds["added"].to_list() == [3]
    asked = len(working.providers.asked())
    assert working.run(zone, "2013-01", "2013-06").done == 3
    assert working.providers.asked() == []
    assert asked <= 3


CARRIER = """
import sys
from datazones.errors import DatazonesError
from flows.carry import carry
from tasks.backfills import parts_of
from tasks.equip import equipped
from tasks.submit import next_items
with equipped() as equipment:
    for backfill in sys.argv[1:]:
        while items := next_items(equipment, parts_of(equipment, backfill)):
            for item in items:
                try:
                    carry(item.zone_id, backfill, item.chunk)
                except DatazonesError as error:
                    print(error, file=sys.stderr)
"""
"""A worker: it carries whatever is free of these backfills."""


@pytest.mark.parametrize("answered", [4, 12])
def test_a_worker_killed_while_it_asks_or_loads_is_followed_by_one_that_does_the_rest(
    working: Rig, answered: int
) -> None:
    zone, year = working.zone(), 2011 + answered // 12
    working.providers.script({"match": str(year), "fault": "slow", "pause_s": 0.2})
    backfill = working.plan(zone, f"{year}-01", f"{year}-12").backfill_id
    wanted = working.providers.count() + answered
    worker = subprocess.Popen([sys.executable, "-c", CARRIER, backfill], stderr=subprocess.DEVNULL)
    while working.providers.count() < wanted:
        assert worker.poll() is None
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    working.providers.script()
    done = working.carry(backfill)
    assert (done.state, done.done) == ("done", 12)
    months = [f"{year}{month:02}" for month in range(1, 13)]
    asked = Counter(working.providers.asked())
    assert sorted(asked) == months
    assert asked.total() <= 13, "what was in flight when it was killed may be asked again"
    assert working.months(zone) == months
    assert working.ask(zone, "SELECT count(*) FROM load_log") == [(1,)]


LOADER = """
import os, sys
from tasks.equip import equipped
from tasks.fill import fill
from tasks.gather import gather
from tasks.hydrate import hydrate
with equipped() as equipment:
    zone, backfill = sys.argv[1:]
    ledger = equipment.ledger(zone)
    claim, part = ledger.claim(backfill, 0), ledger.part(backfill)
    gathered = gather(equipment, claim, part)
    hydrate.fn(zone)
    fill(equipment, claim, part, gathered, equipment.working(equipment.catalogue.zone(zone)))
    os._exit(9)
"""


def test_what_a_worker_had_loaded_when_it_died_is_published_and_not_loaded_twice(working: Rig) -> None:
    zone = working.zone()
    backfill = working.plan(zone, "2012-01", "2012-12").backfill_id
    assert subprocess.run([sys.executable, "-c", LOADER, zone, backfill], check=False).returncode == 9
    assert not working.months(zone)
    asked = working.providers.count()
    done = working.carry(backfill)
    assert (done.state, done.done) == ("done", 12)
    assert working.providers.count() == asked
    assert working.months(zone) == [f"2012{month:02}" for month in range(1, 13)]
    assert working.ask(zone, "SELECT count(*) FROM load_log") == [(1,)]
