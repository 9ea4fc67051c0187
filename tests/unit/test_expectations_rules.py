"""Every rule of the gate: a doctored sample that must fail fails and names the place; the good sample passes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import expectations
from datazones.model import Finding
from tests.unit.expectations_zone import Row, Zone, doctored, examined

YEARS = range(2005, 2024)
GDP = {"CN-BJ": 7149.8, "CN-AH": 5675.9, "CN-SD": 15947.5, "CN-ZJ": 13028.3}
BEIJING, ANHUI = "GDP.CN-BJ", "GDP.CN-AH"


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
    "history.what_is_published_is_kept": Damage((_set("obs_value = 1", time_period="2010"),), {"feed_id": "gdp"}),
}
"""Damage that plain SQL does to the candidate."""


Spoil = Callable[[list[Row]], list[Row]]


def _without_half_of_beijing(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[0] != BEIJING or row[1] > "2014"]


def _without_one_year_of_beijing(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[:2] != (BEIJING, "2020")]


def _beijing_in_ten_thousands(rows: list[Row]) -> list[Row]:
    return [
        (key, period, figure and figure * (1e4 if key == BEIJING else 1), status)
        for key, period, figure, status in rows
    ]


VINTAGES: dict[str, tuple[Spoil, dict[str, object]]] = {
    "completeness.feeds_keep_their_observations": (_without_half_of_beijing, {"feed_id": "gdp"}),
    "completeness.observations_are_not_withdrawn": (_without_one_year_of_beijing, AT_2020),
    "history.units_do_not_jump": (_beijing_in_ten_thousands, {"feed_id": "gdp", "series_key": BEIJING}),
}
"""Damage that comes with a new vintage, through the real load."""


def _good() -> list[Row]:
    return [
        (f"GDP.{area}", str(year), level * 1.08 ** (year - 2005), None) for area, level in GDP.items() for year in YEARS
    ]


def _revised(rows: list[Row]) -> list[Row]:
    """A good new vintage: the last two years revised by half a per cent, and a new one."""
    kept = [
        (key, period, figure if period < "2022" else figure * 1.005, status) for key, period, figure, status in rows
    ]
    newest = [(key, "2024", figure * 1.07, "p") for key, period, figure, status in rows if period == "2023"]
    return kept + newest


def _first(folder: Path) -> Zone:
    zone = Zone(folder)
    zone.load(_good(), "2024-02-01", unit_measure="亿元", title="Gross regional product")
    people = [("POP.CN-BJ", str(year), 2100.0 + year - 2005, None) for year in YEARS]
    zone.load(people, "2024-02-01", feed_id="people", unit_measure="万人", title="Population")
    users = [("NET.CN-BJ", str(year), 20.0 + 4 * (year - 2005), None) for year in YEARS]
    zone.load(users, "2024-02-01", feed_id="net", unit_measure="%", title="Internet users (% of population)")
    return zone


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The published file, and a good candidate after it."""
    zone = _first(tmp_path_factory.mktemp("good"))
    published = zone.candidate("published")
    zone.load(_revised(_good()), "2025-02-01", unit_measure="亿元", title="Gross regional product")
    return published, zone.candidate("candidate")


def _rules() -> list[str]:
    """The ids of all rules, read from their files: importing them would import Great Expectations here."""
    folder = Path(expectations.__file__).parent / "suites"
    return [
        f"{path.stem}.{node.name}"
        for path in sorted(folder.glob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    ]


def _finding(rule: str, found: tuple[Finding, ...]) -> Finding:
    assert rule in [finding.rule for finding in found], [(finding.rule, finding.found) for finding in found]
    return next(finding for finding in found if finding.rule == rule)


def test_the_good_sample_passes_every_rule_before_and_after_the_first_snapshot(files: tuple[Path, Path]) -> None:
    published, candidate = files
    for verdict in (examined(published), examined(candidate, published)):
        assert verdict.passed
        assert verdict.findings == ()
        assert verdict.checks == len(_rules())


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
    verdict = examined(doctored(candidate, *statements), published)
    finding = _finding(rule, verdict.findings)
    assert verdict.passed is all(each.severity != "critical" for each in verdict.findings)
    assert place in [{name: row.get(name) for name in place} for row in (*finding.sample, {})]
    assert all(str(named) in finding.found for named in place.values())
    assert finding.count >= 1
    assert finding.expected.endswith(".")


@pytest.mark.parametrize("rule", VINTAGES)
def test_a_doctored_vintage_fails_its_rule_and_the_finding_names_the_place(rule: str, tmp_path: Path) -> None:
    spoil, place = VINTAGES[rule]
    zone = _first(tmp_path)
    published = zone.candidate("published")
    about = {"unit_measure": "亿元", "title": "Gross regional product"}
    zone.load(spoil(_revised(_good())), "2025-02-01", absent_is_withdrawn=True, **about)
    finding = _finding(rule, examined(zone.candidate("candidate"), published).findings)
    assert place in [{name: row.get(name) for name in place} for row in finding.sample]
    assert all(str(named) in finding.found for named in place.values())


def test_a_rule_without_a_doctored_sample_does_not_exist() -> None:
    assert sorted({*DAMAGES, *VINTAGES}) == sorted(_rules())
