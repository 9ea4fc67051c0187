"""Slots: when a zone is due, and what is done about slots that are due and have not ended."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.server.schemas.schedules import CronSchedule
from prefect.types._datetime import parse_datetime as prefect_instant

from datazones import slots
from datazones.catalogue import load
from datazones.reconciling import AT_ONCE, LONGEST_PAUSE, Open, Rules, Step, pause, steps
from tasks.account import slot_of

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
DAILY = Rules("0 6 * * *", each=False, patience=timedelta(hours=12))
EACH = Rules("0 6 * * *", each=True, patience=timedelta(hours=12))
CRONS = (
    "5 18 * * *",
    "*/7 * * * *",
    "0 0 29 2 *",
    "15 3 1,15 * *",
    "0 9 * * 1-5",
    "30 2 31 * *",
    "0 0 13 * 5",
    "1 1 * * 7",
)
YEARS = timedelta(days=6 * 365) // timedelta(microseconds=1)
MOMENTS = st.integers(0, YEARS).map(lambda passed: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=passed))


def _slot(day: int) -> datetime:
    return datetime(2026, 3, day, 6, tzinfo=UTC)


def _steps(
    rules: Rules,
    *still_open: Open,
    ended: datetime | None = None,
    live: Set[datetime] | None = frozenset(),
    at: datetime = NOON,
) -> list[Step]:
    return list(steps(rules, still_open, ended, live, at))


@pytest.mark.parametrize("cron", CRONS)
def test_slots_are_exactly_the_instants_at_which_prefect_schedules_runs(cron: str) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    planned = asyncio.run(CronSchedule(cron=cron, timezone="UTC").get_dates(40, start=begin))
    found = slots.due(cron, begin - timedelta(seconds=1), planned[-1])
    assert list(found) == [instant.astimezone(UTC) for instant in planned]


@given(MOMENTS, st.sampled_from(CRONS))
def test_the_latest_slot_is_the_last_one_that_is_not_in_the_future(moment: datetime, cron: str) -> None:
    found = slots.latest(cron, moment)
    assert found <= moment < slots.following(cron, found)
    assert slots.is_slot(cron, found)
    assert not slots.is_slot(cron, found + timedelta(microseconds=1))


@given(MOMENTS.map(lambda moment: moment.replace(microsecond=0)))
def test_a_slot_is_found_again_by_its_name_and_names_sort_as_slots_follow(moment: datetime) -> None:
    assert slots.read(slots.named(moment)) == moment
    assert slots.named(moment) < slots.named(moment + timedelta(seconds=1))


def test_an_instant_as_prefect_has_it_is_the_same_slot() -> None:
    told = prefect_instant("2026-03-29T06:00:00+00:00")
    assert slots.is_slot(DAILY.cron, told)
    assert slots.named(slots.utc(told)) == slots.named(_slot(29))
    assert slot_of(EACH, told, NOON) == _slot(29)
    assert type(slot_of(EACH, told, NOON)) is datetime
    assert slots.is_silent(EACH.cron, told, NOON + timedelta(days=2))


def test_every_zone_is_due_at_most_once_in_five_minutes_of_the_others() -> None:
    day = datetime(2026, 6, 1, tzinfo=UTC)
    due = [next(slots.due(zone.schedule, day, day + timedelta(days=2))) for zone in load().zones.values()]
    assert min(later - earlier for earlier, later in zip(sorted(due), sorted(due)[1:], strict=False)) >= timedelta(
        minutes=5
    )


def test_a_cron_that_never_comes_true_is_refused() -> None:
    with pytest.raises(ValueError, match="five cron fields"):
        slots.refuse_cron("0 0 31 2 *")


def test_a_missed_slot_is_asked_for_once_its_scheduler_had_time() -> None:
    assert _steps(DAILY, Open(_slot(29))) == [Step("ask", _slot(29), number=1)]
    assert _steps(DAILY, Open(_slot(29)), at=_slot(29) + timedelta(seconds=60)) == []


def test_nothing_is_asked_for_while_a_run_is_at_it_or_nobody_knows() -> None:
    assert _steps(DAILY, Open(_slot(29)), live={_slot(28)}) == []
    assert _steps(EACH, Open(_slot(29)), live={_slot(29)}) == []
    assert _steps(EACH, Open(_slot(29)), live={_slot(28)}) == [Step("ask", _slot(29), number=1)]
    assert _steps(DAILY, Open(_slot(29)), live=None) == []


def test_where_the_latest_counts_it_alone_is_made_up_and_covers_those_before_it() -> None:
    missed = [Open(_slot(day), late=True) for day in (27, 28, 29)]
    assert _steps(DAILY, *missed) == [Step("ask", _slot(29), number=1)]
    assert _steps(DAILY, *missed[:2], ended=_slot(29)) == [
        Step("cover", _slot(27), by=_slot(29)),
        Step("cover", _slot(28), by=_slot(29)),
    ]


def test_where_each_counts_all_are_made_up_oldest_first_and_not_too_many_at_once() -> None:
    missed = [Open(_slot(day), late=True) for day in range(10, 30)]
    found = _steps(EACH, *missed, ended=_slot(29) + timedelta(days=1))
    assert [step.slot for step in found] == [_slot(day) for day in range(10, 10 + AT_ONCE)]
    assert {(step.do, step.number) for step in found} == {("ask", 1)}


def test_a_slot_that_is_late_is_told_of_once() -> None:
    evening = _slot(29) + timedelta(hours=13)
    (told,) = _steps(DAILY, Open(_slot(29)), live=None, at=evening)
    assert (told.do, told.slot) == ("tell", _slot(29))
    assert _steps(DAILY, Open(_slot(29), late=True), live=None, at=evening) == []


def test_a_slot_is_asked_for_again_ever_later_and_given_up_when_the_zone_is_out_of_patience() -> None:
    asked = NOON - timedelta(hours=1)
    soon = asked + pause(2) - timedelta(seconds=1)
    assert _steps(DAILY, Open(_slot(29), asks=2, first_asked=asked, last_asked=asked), at=soon) == []
    found = _steps(DAILY, Open(_slot(29), asks=2, first_asked=asked, last_asked=asked), at=asked + pause(2))
    assert found == [Step("ask", _slot(29), number=3)]
    late = asked + timedelta(hours=12, seconds=1)
    (given_up,) = _steps(DAILY, Open(_slot(29), late=True, asks=9, first_asked=asked, last_asked=late), at=late)
    assert (given_up.do, given_up.slot) == ("give up", _slot(29))
    assert [pause(1), pause(2), pause(500)] == [timedelta(seconds=30), timedelta(minutes=1), LONGEST_PAUSE]
