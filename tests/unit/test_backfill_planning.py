"""A plan of a backfill: its slices, what is held of them, its chunks, and what it costs in words."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from datazones.backfilling import Known, Plan, Wanted, plan
from datazones.backfilling.costing import duration
from datazones.backfilling.parts import Part, parts
from datazones.backfilling.planning import CHUNKS_AT_MOST, SLICES_AT_MOST, chunk_size, spans
from datazones.catalogue import Catalogue, Feed, load
from datazones.errors import UnknownCode
from datazones.model import Window

NOW = datetime(2020, 12, 1, tzinfo=UTC)
CATALOGUE: Catalogue = load()
YEARLY = CATALOGUE.feed("nbs_province_year")
ZONES = tuple(CATALOGUE.zones)


def monthly(feed: Feed = YEARLY) -> Feed:
    return feed.model_copy(update={"periods": feed.periods.model_copy(update={"slice": "M"})})


def made(feed: Feed = YEARLY, known: Known | None = None, rate: float | None = None, **wanted: object) -> Plan:
    asked = replace(Wanted(feed.feed_id, ("beijing", "hunan"), "2010", "2019"), **wanted)  # type: ignore[arg-type]
    return plan(asked, feed, CATALOGUE.agency_of(feed), known or Known(), NOW, rate)


def windows(found: Plan, zone: str = "beijing") -> list[str]:
    return found.todo.filter(pl.col("zone_id") == zone)["first_period"].to_list()


def test_a_slice_is_one_zone_and_one_window_of_the_feed_s_own_length() -> None:
    assert made().slices.height == 2 * 10
    found = made(monthly(), zones=ZONES, first="2010-01", last="2019-12")
    assert found.slices.height == 10 * 120
    assert windows(found)[:2] == ["2010-01", "2010-02"]


def test_a_feed_whose_question_knows_no_window_is_one_slice_a_zone() -> None:
    found = made(CATALOGUE.feed("owid_internet_use"))
    assert found.slices.select("first_period", "last_period").rows() == [("1990", "2019")] * 2


def test_what_is_held_is_left_alone_unless_it_is_forced() -> None:
    held = spans([("beijing", date(2010, 1, 1), date(2013, 1, 1)), ("beijing", date(2013, 1, 1), date(2016, 6, 1))])
    assert windows(made(known=Known(held))) == ["2016", "2017", "2018", "2019"]
    assert len(windows(made(known=Known(held)), "hunan")) == 10
    assert len(windows(made(known=Known(held), which="force"))) == 10


def test_what_failed_is_planned_again_and_nothing_else() -> None:
    failed = spans([("hunan", date(2012, 1, 1), date(2013, 1, 1)), ("hunan", date(2014, 1, 1), date(2015, 1, 1))])
    held = spans([("hunan", date(2014, 1, 1), date(2015, 1, 1))])
    assert windows(made(known=Known(held, failed), which="failed"), "hunan") == ["2012"]


def test_reversed_the_newest_comes_first_in_the_first_chunk() -> None:
    found = made(reverse=True, rate=1.0)
    assert windows(found)[:3] == ["2019", "2018", "2017"]
    assert found.todo.filter(pl.col("first_period") == "2019")["chunk"].to_list() == [0, 0]


def test_a_range_that_is_none_and_one_that_has_not_begun_are_refused() -> None:
    with pytest.raises(UnknownCode, match="ends before it begins"):
        made(first="2019", last="2010")
    with pytest.raises(UnknownCode, match="has not begun"):
        made(first="2031", last="2032")
    assert windows(made(first="2019", last="2031")) == ["2019", "2020"]


@pytest.mark.parametrize(("windows", "calls", "rate"), [(120, 3, 60.0), (120, 1, None), (10_000, 1, 1.0), (7, 3, 1.0)])
def test_chunks_are_few_and_none_is_too_long(windows: int, calls: int, rate: float | None) -> None:
    size = chunk_size(windows, calls, rate)
    assert 1 <= size <= SLICES_AT_MOST
    assert -(-windows // size) <= CHUNKS_AT_MOST or size == SLICES_AT_MOST


def test_the_cost_names_the_provider_s_quota_in_words() -> None:
    oecd = CATALOGUE.feed("oecd_research_development")
    found = made(oecd, first="1990", last="2019", rate=1.0)
    assert found.cost.calls == 30, "both zones ask the same, so it is asked once"
    assert str(found.cost).endswith("because the OECD allows 60 calls an hour")
    assert made(first="1990", last="2019", rate=1.0).cost.calls == 2 * 30 * 3


def test_what_has_landed_costs_no_call() -> None:
    landed = spans([("beijing", date(2012, 1, 1), date(2013, 1, 1))]).with_columns(answers=pl.lit(3, pl.UInt32))
    half = landed.with_columns(answers=pl.lit(2, pl.UInt32))
    assert made(known=Known(landed=landed)).cost.calls == 19 * 3
    assert made(known=Known(landed=half)).cost.calls == 20 * 3


def test_durations_are_told_as_people_tell_them() -> None:
    assert [duration(seconds) for seconds in (0.2, 40, 720, 13_200, 7_200, 400_000)] == [
        "1 s", "40 s", "12 min", "3 h 40 min", "2 h", "4 d 15 h",
    ]  # fmt: skip


def test_the_same_wish_at_the_same_moment_is_the_same_plan_and_another_is_another() -> None:
    assert made().backfill_id == made().backfill_id
    assert len({made().backfill_id, made(reverse=True).backfill_id, made(last="2018").backfill_id}) == 3


def test_a_zone_s_part_says_all_that_its_worker_needs() -> None:
    part = next(parts(made(rate=1.0)))
    assert Part.read(part.plain()) == part
    numbers = [number for chunk in part.chunks for number, _ in part.of(chunk)]
    assert numbers == list(range(10))
    assert next(part.of(1)) == (part.chunk_size, Window(*part.windows[part.chunk_size]))


def test_a_hundred_thousand_slices_are_planned_with_little_memory_and_no_object_for_each() -> None:
    daily = YEARLY.model_copy(update={"periods": YEARLY.periods.model_copy(update={"slice": "D"})})
    tracemalloc.start()
    found = made(daily, zones=ZONES, first="1993-07-16", last="2020-11-30")
    assert found.slices.height == 100_000
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
