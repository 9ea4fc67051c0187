"""Every rule of the gate: a doctored sample that must fail fails and names the place; the good sample passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sin
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from datazones.model import Finding
from expectations.told import told
from tests.unit.expectations_zone import Row, Zone, declared, doctored, examined

FIRST, LAST = 2000, 2023
GDP = {"CN-BJ": 7149.8, "CN-AH": 5675.9, "CN-SD": 15947.5, "CN-ZJ": 13028.3}
RACE = {"PAT.CN": 25346.0, "PAT.US": 164795.0, "ART.CN": 52881.0, "ART.US": 304752.0}
BEIJING, ANHUI = "GDP.CN-BJ", "GDP.CN-AH"
GDP_ABOUT = {"unit_measure": "亿元", "title": "Gross regional product"}


class Damage(NamedTuple):
    """What is done to the good candidate, and where the finding must point."""

    statements: tuple[str, ...]
    place: dict[str, object]


def _of(series_key: str) -> str:
    return f"(SELECT series_id FROM series WHERE series_key = '{series_key}')"


def _set(change: str, series_key: str = BEIJING, time_period: str = "2020") -> str:
    return f"UPDATE latest SET {change} WHERE series_id = {_of(series_key)} AND time_period = '{time_period}'"


AT_2020 = {"feed_id": "gdp", "series_key": BEIJING, "time_period": "2020"}
NUMBERED = {"series_id": 999, "time_period": "2020"}

DAMAGES: dict[str, Damage] = {
    "structure.series_ids_are_unique": Damage(
        (
            "INSERT INTO series SELECT * REPLACE ('GDP.CN-XX' AS series_key) "
            f"FROM series WHERE series_key = '{BEIJING}'",
        ),
        {"feed_id": "gdp", "series_key": BEIJING},
    ),
    "structure.series_keys_are_unique": Damage(
        (f"INSERT INTO series SELECT * REPLACE (999 AS series_id) FROM series WHERE series_key = '{BEIJING}'",),
        {"feed_id": "gdp", "series_key": BEIJING},
    ),
    "structure.series_keys_are_said": Damage(
        (f"UPDATE series SET series_key = '' WHERE series_key = '{BEIJING}'",), {"feed_id": "gdp", "series_key": ""}
    ),
    "structure.observations_are_unique": Damage(
        (f"INSERT INTO latest FROM latest WHERE series_id = {_of(BEIJING)} AND time_period = '2020'",), AT_2020
    ),
    "structure.observations_have_a_series": Damage((_set("series_id = 999"),), NUMBERED),
    "structure.observations_have_a_vintage": Damage((_set("vintage_id = 999"),), {"time_period": "2020"}),
    "structure.periods_are_named": Damage((_set("time_period = ''"),), {**AT_2020, "time_period": ""}),
    "structure.periods_run_forward": Damage((_set("period_end = period_start"),), AT_2020),
    "structure.periods_are_well_formed": Damage(
        (_set("time_period = '2020年'"),), {**AT_2020, "time_period": "2020年"}
    ),
    "structure.periods_fit_their_frequency": Damage((_set("period_end = DATE '2020-04-01'"),), AT_2020),
    "structure.periods_are_over": Damage(
        (_set("time_period = '2031', period_start = DATE '2031-01-01', period_end = DATE '2032-01-01'"),),
        {**AT_2020, "time_period": "2031"},
    ),
    "structure.statuses_are_coded": Damage((_set("obs_status = 'see the note <b>below</b>'"),), AT_2020),
    "structure.units_are_said": Damage(
        (f"UPDATE series SET unit_measure = NULL WHERE series_key = '{BEIJING}'",),
        {"feed_id": "gdp", "series_key": BEIJING},
    ),
    "structure.knowledge_begins_once": Damage((_set("known_from = TIMESTAMP '2001-01-01'"),), {"time_period": "2020"}),
    "ranges.figures_are_finite": Damage((_set("obs_value = 'NaN'"),), AT_2020),
    "ranges.shares_are_within_0_and_100": Damage(
        (_set("obs_value = 170.5", "NET.CN-BJ"),),
        {"feed_id": "net", "series_key": "NET.CN-BJ", "time_period": "2020"},
    ),
    "ranges.counts_are_not_negative": Damage(
        (_set("obs_value = -2189", "POP.CN-BJ"),),
        {"feed_id": "people", "series_key": "POP.CN-BJ", "time_period": "2020"},
    ),
    "completeness.there_are_observations": Damage(("DELETE FROM latest",), {}),
    "completeness.feeds_are_not_lost": Damage(
        ("DELETE FROM latest WHERE series_id IN (SELECT series_id FROM series WHERE feed_id = 'net')",),
        {"feed_id": "net"},
    ),
    "completeness.series_are_not_lost": Damage(
        (f"DELETE FROM latest WHERE series_id = {_of(BEIJING)}",), {"feed_id": "gdp", "series_key": BEIJING}
    ),
    "completeness.nothing_is_said_without_a_reason": Damage((_set("obs_value = NULL"),), AT_2020),
    "freshness.periods_arrive": Damage(("DELETE FROM latest WHERE time_period > '2019'",), {"feed_id": "gdp"}),
    "sums.parts_add_up": Damage(
        (_set("obs_value = obs_value * 1.1", "GDP.CN"),),
        {"feed_id": "gdp", "series_key": "GDP.CN", "time_period": "2020"},
    ),
    "sums.parts_are_there": Damage(
        (f"DELETE FROM series WHERE series_key = '{BEIJING}'",), {"feed_id": "gdp", "series_key": "GDP.CN"}
    ),
    "ai_race.both_sides_are_there": Damage(
        (f"DELETE FROM latest WHERE series_id = {_of('PAT.US')}",), {"feed_id": "race", "series_key": "PAT.CN"}
    ),
    "ai_race.both_sides_have_one_unit": Damage(
        ("UPDATE series SET unit_mult = 3 WHERE series_key = 'PAT.US'",), {"feed_id": "race", "series_key": "PAT.CN"}
    ),
    "ai_race.both_sides_are_as_recent": Damage(
        (f"DELETE FROM latest WHERE series_id = {_of('PAT.US')} AND time_period > '2019'",),
        {"feed_id": "race", "series_key": "PAT.US"},
    ),
    "agreement.zones_agree": Damage((_set("obs_value = 26000"),), AT_2020),
    "agreement.zones_know_the_same_periods": Damage(
        (f"DELETE FROM latest WHERE series_id = {_of(BEIJING)} AND time_period = '2020'",), AT_2020
    ),
    "history.what_is_published_is_kept": Damage((_set("obs_value = 1", time_period="2010"),), {"feed_id": "gdp"}),
}
"""Damage that plain SQL does to the candidate."""


Spoil = Callable[[list[Row]], list[Row]]
OF_BEIJING = {"feed_id": "gdp", "series_key": BEIJING}
OF_GDP = {"feed_id": "gdp"}


def _without(is_lost: Callable[[str, str], bool]) -> Spoil:
    return lambda rows: [row for row in rows if not is_lost(row[0], row[1])]


def _figures(change: Callable[[float], float | None], key: str = "", period: str = "") -> Spoil:
    """The figures changed, all or those of one series or of one period."""

    def spoil(rows: list[Row]) -> list[Row]:
        hit = [key in ("", row[0]) and period in ("", row[1]) and row[2] is not None for row in rows]
        return [
            (row[0], row[1], change(row[2] or 0.0), row[3]) if is_hit else row
            for row, is_hit in zip(rows, hit, strict=True)
        ]

    return spoil


def _under(keys: dict[str, str]) -> Spoil:
    """Series under the names of others."""
    return lambda rows: [(keys.get(key, key), *rest) for key, *rest in rows]  # type: ignore[misc]


def _of_the_period_before(key: str, since: str) -> Spoil:
    """The figures of one series, or of all, a year late."""

    def spoil(rows: list[Row]) -> list[Row]:
        figures = {row[:2]: row[2] for row in rows}
        return [
            (k, period, figures.get((k, str(int(period) - 1)), figure), status)
            if key in ("", k) and period >= since
            else (k, period, figure, status)
            for k, period, figure, status in rows
        ]

    return spoil


def _anhui_over_beijing(rows: list[Row]) -> list[Row]:
    kept = [row for row in rows if row[0] != BEIJING]
    return kept + [(BEIJING, *row[1:]) for row in rows if row[0] == ANHUI]


def _wild(figure: float) -> float:
    return round(figure * (1 + (figure * 7 % 1 - 0.5)), 1)


def _of_two_years_ago(_: list[Row]) -> list[Row]:
    return _vintage(LAST - 1)


VINTAGES: dict[str, tuple[Spoil, dict[str, object]]] = {
    "completeness.feeds_keep_their_observations": (
        _without(lambda key, year: key == BEIJING and year < "2014"),
        OF_GDP,
    ),
    "completeness.observations_are_not_withdrawn": (
        _without(lambda key, year: (key, year) == (BEIJING, "2020")),
        AT_2020,
    ),
    "completeness.series_are_answered": (_without(lambda key, _: key == BEIJING), OF_BEIJING),
    "completeness.answers_do_not_begin_late": (
        _without(lambda key, year: key == BEIJING and year < "2006"),
        OF_BEIJING,
    ),
    "completeness.answers_do_not_stop_short": (
        _without(lambda key, year: key == BEIJING and year > "2020"),
        OF_BEIJING,
    ),
    "completeness.new_periods_come_for_all": (
        _without(lambda key, year: key != BEIJING and year > "2023"),
        {"feed_id": "gdp", "time_period": "2024"},
    ),
    "completeness.answers_have_no_holes": (_without(lambda key, year: (key, year) == (BEIJING, "2020")), OF_BEIJING),
    "causes.units_do_not_jump": (_figures(lambda figure: figure * 1e4, BEIJING), OF_BEIJING),
    "causes.series_are_not_rebased": (_figures(lambda figure: round(figure * 1.2, 1), BEIJING), OF_BEIJING),
    "causes.signs_do_not_flip": (_figures(lambda figure: -figure, BEIJING), OF_BEIJING),
    "causes.figures_do_not_become_zero": (_figures(lambda _: 0.0, BEIJING), OF_BEIJING),
    "causes.revisions_do_not_go_back": (_of_two_years_ago, OF_GDP),
    "causes.revisions_bring_something_new": (_of_two_years_ago, OF_GDP),
    "causes.figures_are_not_copies_of_the_period_before": (
        _of_the_period_before("", since="2024"),
        {"feed_id": "gdp", "time_period": "2024"},
    ),
    "causes.periods_do_not_shift": (_of_the_period_before(BEIJING, since="2001"), OF_BEIJING),
    "causes.areas_are_not_swapped": (_under({BEIJING: ANHUI, ANHUI: BEIJING}), OF_BEIJING),
    "causes.series_are_not_copied": (_anhui_over_beijing, OF_BEIJING),
    "causes.series_are_not_renamed": (_under({BEIJING: "GDP.CN-11"}), {"feed_id": "gdp", "series_key": "GDP.CN-11"}),
    "history.feeds_are_revised_as_usual": (_figures(_wild), OF_GDP),
    "history.feeds_are_revised_as_often": (_figures(lambda figure: round(figure + 0.3, 1)), OF_GDP),
    "history.series_are_revised_as_usual": (_figures(_wild, BEIJING), OF_BEIJING),
    "history.figures_follow_one_another_as_usual": (
        _figures(lambda figure: figure * 3, BEIJING, "2024"),
        {**OF_BEIJING, "time_period": "2024"},
    ),
    "history.figures_do_not_go_missing": (_figures(lambda _: None, BEIJING, "2020"), AT_2020),
    "history.figures_keep_their_digits": (_figures(lambda figure: float(f"{figure:.2g}")), OF_GDP),
    "history.figures_keep_their_decimals": (_figures(lambda figure: figure * 1.001), OF_GDP),
    "history.statuses_do_not_vanish": (lambda rows: [(*row[:3], None) for row in rows], OF_GDP),
}
"""Damage that comes with a new vintage, through the real load."""

WITHDRAWN = ("completeness.feeds_keep_their_observations", "completeness.observations_are_not_withdrawn")
"""Damage that shows only where a feed says that what is absent is withdrawn."""


def _path(level: float, wave: int, last: int) -> list[tuple[str, float]]:
    """A series as it was known soon after the year `last`: growth that varies, and the last two years too low."""
    true = [level * 1.08 ** (year - FIRST) * (1 + 0.04 * sin(year * wave)) for year in range(FIRST, last + 1)]
    low = [1.0] * (last - FIRST - 1) + [0.996, 0.99]
    return [(str(FIRST + n), round(figure * share, 1)) for n, (figure, share) in enumerate(zip(true, low, strict=True))]


def _vintage(last: int) -> list[Row]:
    """The provinces, and the nation as their sum; the last three years are provisional."""
    provinces = {f"GDP.{area}": _path(level, wave, last) for wave, (area, level) in enumerate(GDP.items(), 2)}
    years = zip(*provinces.values(), strict=True)
    nation = [(year[0][0], round(sum(figure for _, figure in year), 1)) for year in years]
    return [
        (key, year, figure, "p" if int(year) > last - 3 else None)
        for key, told in {**provinces, "GDP.CN": nation}.items()
        for year, figure in told
    ]


def _told(keys: Mapping[str, float], growth: float) -> list[Row]:
    years = range(FIRST, LAST + 1)
    return [
        (key, str(year), round(level * growth ** (year - FIRST)), None) for key, level in keys.items() for year in years
    ]


FEEDS = (
    declared("gdp", sums=[{"dimension": "ref_area", "whole": "CN", "parts": list(GDP)}]),
    declared("race", topics=["ai_race"]),
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Six vintages, the last of which is to be published."""
    zone = Zone(tmp_path_factory.mktemp("history"))
    for last in range(LAST - 5, LAST + 1):
        zone.load(_vintage(last), f"{last + 1}-02-01", **GDP_ABOUT)
    zone.load(_told({"POP.CN-BJ": 2100}, 1.01), "2024-02-01", feed_id="people", unit_measure="万人", title="Population")
    users = "Internet users (% of population)"
    zone.load(_told({"NET.CN-BJ": 20}, 1.05), "2024-02-01", feed_id="net", unit_measure="%", title=users)
    zone.load(_told(RACE, 1.04), "2024-02-01", feed_id="race", unit_measure="number", title="Patents and articles")
    return zone


@pytest.fixture(scope="module")
def files(history: Zone, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The published file, and a good candidate after it."""
    zone = history.branch(tmp_path_factory.mktemp("good") / "zone")
    published = zone.candidate("published")
    zone.load(_vintage(LAST + 1), "2025-02-01", **GDP_ABOUT)
    return published, zone.candidate("candidate")


def _finding(rule: str, found: tuple[Finding, ...]) -> Finding:
    assert rule in [finding.rule for finding in found], [(finding.rule, finding.found) for finding in found]
    return next(finding for finding in found if finding.rule == rule)


def test_the_good_sample_passes_every_rule_before_and_after_the_first_snapshot(files: tuple[Path, Path]) -> None:
    published, candidate = files
    good = (
        examined(published, feeds=FEEDS),
        examined(candidate, published, feeds=FEEDS, neighbours={"anhui": candidate}),
    )
    for verdict in good:
        assert verdict.passed
        assert verdict.findings == ()
        assert verdict.checks == len(list(told()))


def test_the_same_files_give_the_same_verdict_word_for_word(files: tuple[Path, Path]) -> None:
    published, candidate = files
    spoilt = doctored(
        candidate, "UPDATE latest SET obs_value = -obs_value, obs_status = 'see below' WHERE series_id > 1"
    )
    assert examined(spoilt, published) == examined(spoilt, published)


@pytest.mark.parametrize("rule", DAMAGES)
def test_a_doctored_sample_fails_its_rule_and_the_finding_names_the_place(rule: str, files: tuple[Path, Path]) -> None:
    published, candidate = files
    statements, place = DAMAGES[rule]
    verdict = examined(doctored(candidate, *statements), published, feeds=FEEDS, neighbours={"anhui": candidate})
    finding = _finding(rule, verdict.findings)
    assert verdict.passed is all(each.severity != "critical" for each in verdict.findings)
    assert place in [{name: row.get(name) for name in place} for row in (*finding.sample, {})]
    assert all(str(named) in finding.found for named in place.values())
    assert finding.count >= 1
    assert finding.expected.endswith(".")


@pytest.mark.parametrize("rule", VINTAGES)
def test_a_doctored_vintage_fails_its_rule_and_the_finding_names_the_place(
    rule: str, history: Zone, files: tuple[Path, Path], tmp_path: Path
) -> None:
    spoil, place = VINTAGES[rule]
    zone = history.branch(tmp_path / "zone")
    zone.load(spoil(_vintage(LAST + 1)), "2025-02-01", absent_is_withdrawn=rule in WITHDRAWN, **GDP_ABOUT)
    finding = _finding(rule, examined(zone.candidate("candidate"), files[0]).findings)
    assert place in [{name: row.get(name) for name in place} for row in finding.sample]
    assert all(str(named) in finding.found for named in place.values())


def test_a_rule_without_a_doctored_sample_does_not_exist() -> None:
    of_hubs = {rule.rule for rule in told() if rule.rule.startswith("hub.")}  # theirs: test_expectations_hub.py
    assert sorted({*DAMAGES, *VINTAGES}) == sorted({rule.rule for rule in told()} - of_hubs)


@pytest.mark.parametrize(("released", "late"), [("2025-01-31", False), ("2025-02-10", True), ("2025-02-28", False)])
def test_a_feed_with_a_release_calendar_is_late_by_that_and_by_nothing_else(
    released: str, files: tuple[Path, Path], *, late: bool
) -> None:
    calendar = {"timezone": "Asia/Shanghai", "dates": [f"{released}T10:00:00"]}
    told_late = examined(files[1], files[0], feeds=[declared("gdp", release=calendar, due_days=0)]).findings
    found = [finding.found for finding in told_late if finding.rule == "freshness.periods_arrive"]
    assert bool([each for each in found if f"the next was due on {released}" in each]) is late
    assert not [each for each in found if "gdp" in each and released not in each]


def test_a_feed_that_was_given_up_is_not_late(files: tuple[Path, Path]) -> None:
    published, candidate = files
    old = doctored(candidate, *DAMAGES["freshness.periods_arrive"][0])
    given_up = [feed for feed in FEEDS if feed.feed_id != "gdp"]
    told_late = examined(old, published, feeds=given_up, neighbours={"anhui": candidate}).findings
    assert "gdp" not in [finding.sample[0]["feed_id"] for finding in told_late if "periods_arrive" in finding.rule]


def test_coarse_figures_that_fit_another_period_by_coincidence_are_not_held_for_a_shift(tmp_path: Path) -> None:
    chance = Random(5)
    keys = [f"BAL.{nth:04}" for nth in range(1500)]
    rows = [
        (key, str(year), round(2 + chance.randrange(4) / 10, 1), None) for key in keys for year in range(2000, 2025)
    ]
    zone = Zone(tmp_path)
    zone.load(rows, "2025-01-01")
    published = zone.candidate("published")
    revised = [
        (*row[:2], round(row[2] + chance.choice((-0.1, 0.1)), 1), None) if row[1] > "2018" else row for row in rows
    ]
    zone.load(revised, "2025-02-01")
    found = {finding.rule for finding in examined(zone.candidate("candidate"), published).findings}
    assert "causes.periods_do_not_shift" not in found


def test_figures_of_which_only_the_status_changes_to_and_fro_have_not_gone_back(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    for month, status in enumerate((None, "p", None), 1):
        published = zone.candidate(f"published-{month}") if month > 1 else None
        zone.load([(BEIJING, str(year), 7000.0 + year, status) for year in range(2000, 2025)], f"2025-0{month}-01")
    found = {finding.rule for finding in examined(zone.candidate("candidate"), published).findings}
    assert not found & {"causes.revisions_do_not_go_back", "causes.revisions_bring_something_new"}
