"""Series that go on in another unit or under another key: flagged, linked, never mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path

import pytest

from datazones.errors import ResponseMalformed, StructureChanged
from datazones.model import Break, Landed, Revisions, Staged
from datazones.warehouse import WorkingCopy, compare, export
from tests.unit.expectations_zone import Zone as Gated
from tests.unit.expectations_zone import declared, examined, feed_row
from tests.unit.test_warehouse import Figures, Zone

TO_WAN = Break("a", date(2020, 1, 1), "万元", None, None)
BACK = Break("*", date(2023, 1, 1), "亿元", None, None)


class Declaring(Zone):
    """A zone whose feed declares breaks and renames."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.breaks: tuple[Break, ...] = ()
        self.renames: dict[str, str] = {}

    def stage(self, figures: Figures, **said: object) -> Staged:
        return replace(super().stage(figures, **said), breaks=self.breaks, renames=self.renames)

    def units(self, year: int) -> list[tuple[object, ...]]:
        return self.ask(
            "SELECT time_period, obs_value, unit_measure, segment "
            f"FROM observation_as_of(TIMESTAMP '{year}-06-30') ORDER BY ALL"
        )


@pytest.fixture
def zone(tmp_path: Path) -> Declaring:
    return Declaring(tmp_path)


@pytest.fixture
def broken(zone: Declaring) -> Declaring:
    """Two vintages in 亿元, then one in 万元, as is declared."""
    zone.breaks = (TO_WAN,)
    zone.load(2018, {("a", "2016"): 1.0, ("a", "2017"): 2.0}, unit_measure="亿元")
    zone.load(2019, {("a", "2016"): 1.5, ("a", "2017"): 2.0}, unit_measure="亿元")
    zone.load(2020, {("a", "2017"): 20000.0, ("a", "2018"): 30000.0}, unit_measure="万元")
    return zone


def test_at_every_instant_a_series_is_known_in_one_unit_and_all_of_it_stays_readable(broken: Declaring) -> None:
    assert broken.units(2018) == [("2016", 1.0, "亿元", 1), ("2017", 2.0, "亿元", 1)]
    assert broken.units(2019) == [("2016", 1.5, "亿元", 1), ("2017", 2.0, "亿元", 1)]
    assert broken.units(2020) == [("2017", 20000.0, "万元", 2), ("2018", 30000.0, "万元", 2)]
    assert broken.ask("SELECT count(*) FROM revision_triangle('a')") == [(5,)]


def test_a_break_is_told_with_its_cause_and_is_no_revision(broken: Declaring) -> None:
    with WorkingCopy.held(broken.path, broken.limits) as copy:
        breaks = '[{"series": "a", "since": "2020-01-01", "cause": "yearbook"}]'
        copy.describe(("z",) * 6, [feed_row("figures", breaks=breaks)])
    assert broken.ask(
        "SELECT series_key, year(since), segment_before, segment, unit_measure_before, unit_measure, cause "
        "FROM series_break"
    ) == [("a", 2020, 1, 2, "亿元", "万元", "yearbook")]
    assert broken.ask("SELECT change, time_period, obs_value_after, segment FROM revision ORDER BY ALL") == [
        ("break", "2016", None, 1),
        ("break", "2017", None, 1),
        ("revised", "2016", 1.5, 1),
    ]


def test_figures_before_and_after_a_break_are_not_compared(broken: Declaring) -> None:
    across = broken.ask(
        "SELECT segment, time_period, change, obs_value_before, obs_value_after "
        "FROM vintage_diff(TIMESTAMP '2019-06-30', TIMESTAMP '2020-06-30') ORDER BY ALL"
    )
    assert across == [
        (1, "2016", "break", 1.5, None),
        (1, "2017", "break", 2.0, None),
        (2, "2017", "break", None, 20000.0),
        (2, "2018", "break", None, 30000.0),
    ]
    assert broken.ask("SELECT segment, observations, mean_absolute_revision FROM revision_figures") == [(2, 2, 0.0)]
    assert broken.ask("SELECT segment, time_period, obs_value FROM first_release ORDER BY ALL") == [
        (1, "2016", 1.0), (1, "2017", 2.0), (2, "2017", 20000.0), (2, "2018", 30000.0),
    ]  # fmt: skip


def test_a_later_vintage_of_the_new_unit_is_revised_as_ever(broken: Declaring) -> None:
    assert broken.load(2021, {("a", "2017"): 20001.0, ("a", "2018"): 30000.0}, unit_measure="万元") == Revisions(
        revised=1
    )
    assert broken.load(2021, {("a", "2017"): 20001.0, ("a", "2018"): 30000.0}, unit_measure="万元") == Revisions()


def test_vintages_around_breaks_give_the_same_answers_in_whatever_order_they_come(tmp_path: Path) -> None:
    loads: Sequence[tuple[int, Figures, str]] = (
        (2018, {("a", "2016"): 1.0, ("a", "2017"): 2.0}, "亿元"),
        (2019, {("a", "2016"): 1.5}, "亿元"),
        (2021, {("a", "2017"): 20000.0}, "万元"),
        (2024, {("a", "2017"): 2.5, ("b", "2017"): 7.0}, "亿元"),
    )
    found = set()
    for number, order in enumerate(list(permutations(loads))[::5]):
        folder = tmp_path / str(number)
        folder.mkdir()
        zone = Declaring(folder)
        zone.breaks = (TO_WAN, BACK)
        for year, figures, unit in order:
            zone.load(year, figures, unit_measure=unit)
        found.add(repr([[row[:3] for row in zone.units(year)] for year in range(2017, 2026)]))
    assert found == {
        repr(
            [
                [],
                [("2016", 1.0, "亿元"), ("2017", 2.0, "亿元")],
                *[[("2016", 1.5, "亿元"), ("2017", 2.0, "亿元")]] * 2,
                *[[("2017", 20000.0, "万元")]] * 3,
                *[[("2017", 2.5, "亿元"), ("2017", 7.0, "亿元")]] * 2,
            ]
        )
    }


@pytest.mark.parametrize(
    ("year", "unit"), [(2019, "万元"), (2021, "亿元"), (2021, "元")], ids=["too early", "too late", "another"]
)
def test_a_unit_that_is_not_the_declared_one_of_its_instant_is_refused(broken: Declaring, year: int, unit: str) -> None:
    before = broken.ask("FROM latest ORDER BY ALL")
    with pytest.raises(StructureChanged, match=unit):
        broken.load(year, {("a", "2017"): 3.0}, unit_measure=unit)
    assert broken.ask("FROM latest ORDER BY ALL") == before


def test_a_break_that_is_no_longer_declared_is_asked_for(broken: Declaring) -> None:
    broken.breaks = ()
    with pytest.raises(StructureChanged, match="declare a break"):
        broken.load(2021, {("a", "2017"): 20001.0}, unit_measure="万元")


def test_what_changed_between_two_snapshots_is_not_compared_across_a_break(broken: Declaring) -> None:
    after = broken.folder / "after.duckdb"
    export(broken.path, after, broken.limits)
    earlier = Declaring(broken.folder / "earlier")
    earlier.folder.mkdir()
    earlier.load(2019, {("a", "2016"): 1.5, ("a", "2017"): 2.0}, unit_measure="亿元")
    (told,) = compare(earlier.path, after, broken.limits).to_dicts()
    assert (told["added"], told["withdrawn"], told["revised"]) == (2, 2, 0)


def test_a_declared_break_passes_the_gate_and_the_next_vintage_does_too(tmp_path: Path) -> None:
    gated = Gated(tmp_path)
    rows = [("a.CN", str(year), 1.0 + (year % 7) / 10, None) for year in range(2000, 2020)]
    in_wan = [(key, period, 1e4 * (figure or 0), flag) for key, period, figure, flag in rows]
    breaks = (Break("a.*", date(2021, 1, 1), "万元", None, None),)
    gated.load(rows, "2020-02-01", unit_measure="亿元", absent_is_withdrawn=True)
    published = gated.candidate("published")
    gated.load(in_wan, "2021-02-01", unit_measure="万元", breaks=breaks, absent_is_withdrawn=True)
    broken = gated.candidate("broken")
    verdict = examined(broken, published, date(2021, 3, 1))
    assert verdict.passed
    assert not [finding for finding in verdict.findings if finding.severity != "info"]
    gated.load(in_wan, "2022-02-01", unit_measure="万元", breaks=breaks, absent_is_withdrawn=True)
    assert examined(gated.candidate("after"), broken, date(2022, 3, 1)).passed


def test_a_renamed_series_goes_on_and_is_found_under_both_keys(zone: Declaring) -> None:
    zone.load(2018, {("a", "2016"): 1.0})
    zone.renames = {"a": "c", "b": "c"}
    assert zone.load(2020, {("c", "2016"): 1.5, ("c", "2017"): 2.0}) == Revisions(added=1, revised=1)
    assert zone.load(2019, {("b", "2016"): 1.25}) == Revisions(revised=1)
    assert zone.as_of(2018) == {("c", "2016"): 1.0}
    assert zone.as_of(2019) == {("c", "2016"): 1.25}
    assert zone.as_of(2020) == {("c", "2016"): 1.5, ("c", "2017"): 2.0}
    assert zone.ask("SELECT series_key, dimensions FROM series") == [("c", '{"ref_area":"c"}')]
    with WorkingCopy.held(zone.path, zone.limits) as copy:
        named = '[{"former_key": "a", "series_key": "b", "now_key": "c", "since": "2019-01-01", "cause": "recoded"}]'
        copy.describe(("z",) * 6, [feed_row("figures", renames=named)])
    for key in ("a", "c"):
        assert zone.ask(f"SELECT obs_value FROM revision_triangle('{key}') WHERE time_period = '2016'") == [
            (1.0,), (1.25,), (1.5,),
        ]  # fmt: skip
    assert zone.ask("SELECT former_key, now_key, cause FROM series_rename") == [("a", "c", "recoded")]


def test_a_rename_that_is_declared_after_both_keys_were_loaded_says_how_to_read_anew(zone: Declaring) -> None:
    zone.load(2018, {("a", "2016"): 1.0})
    zone.load(2020, {("b", "2016"): 1.0})
    zone.renames = {"a": "b"}
    with pytest.raises(StructureChanged, match="--reread"):
        zone.load(2021, {("b", "2016"): 1.0})


def test_both_keys_of_a_renamed_series_in_one_vintage_are_refused(zone: Declaring) -> None:
    zone.renames = {"a": "b"}
    with pytest.raises(ResponseMalformed, match="2 observations of one vintage"):
        zone.load(2018, {("a", "2016"): 1.0, ("b", "2016"): 2.0})


def test_readers_of_the_former_key_lose_no_series_at_the_gate(tmp_path: Path) -> None:
    gated = Gated(tmp_path)
    rows = [("a.CN", str(year), 1.0 + (year % 7) / 10, None) for year in range(2000, 2020)]
    gated.load(rows, "2020-02-01", unit_measure="亿元")
    published = gated.candidate("published")
    gated.load([("b.CN", *row[1:]) for row in rows], "2021-02-01", unit_measure="亿元", renames={"a.CN": "b.CN"})
    with WorkingCopy.held(tmp_path / "working.duckdb", gated._limits) as copy:
        named = '[{"former_key": "a.CN", "series_key": "b.CN", "now_key": "b.CN"}]'
        copy.describe(("z",) * 6, [feed_row("gdp", renames=named)])
    verdict = examined(gated.candidate("renamed"), published, date(2021, 3, 1))
    assert verdict.passed
    assert not [finding for finding in verdict.findings if finding.severity != "info"]


def test_renames_lead_to_the_last_key_and_not_back() -> None:
    about = {"since": "2020-01-01", "cause": "recoded", "declared_on": "2020-02-01"}
    chain = [{"former_key": "a", "series_key": "b", **about}, {"former_key": "b", "series_key": "c", **about}]
    assert declared("figures", renames=chain).keys_now == {"a": "c", "b": "c"}


def test_a_break_that_says_not_what_changes_is_refused() -> None:
    with pytest.raises(ValueError, match="unit_measure, unit_mult or base_per"):
        declared("figures", breaks=[{"series": "*", "since": "2020-01-01", "cause": "x", "declared_on": "2020-01-01"}])


def test_a_release_of_two_vintages_is_split_at_the_break_by_their_instants(zone: Declaring) -> None:
    zone.breaks = (TO_WAN,)
    staged = zone.stage({("a", "2017"): 20000.0}, unit_measure="万元", released_at=datetime(2019, 6, 1, tzinfo=UTC))
    at = datetime(2021, 1, 1, tzinfo=UTC)
    with WorkingCopy.held(zone.path, zone.limits, reach=[zone.folder]) as copy, pytest.raises(StructureChanged):
        copy.load(staged, [Landed("0" * 64, 1, "GET x", "data", at)], slot=at, now=at)
