"""The rules about hubs: a doctored hub fails the rule that is about it, and the finding names the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from datazones.model import Verdict
from expectations.told import told
from tests.hubs import hub_of, zone_file
from tests.unit.expectations_zone import doctored, examined


class Damage(NamedTuple):
    """What is done to a good hub, and what the finding must name."""

    statement: str
    named: Sequence[str]


_2020 = "WHERE time_period = '2020'"
DAMAGES: Mapping[str, Damage] = {
    "hub.zones_are_current": Damage(
        "UPDATE contribution SET state = 'late', reason = 'no word since Monday' WHERE zone_id = 'hunan'",
        ("hunan, late, no word since Monday",),
    ),
    "hub.zones_tell_the_same": Damage(
        "UPDATE origin SET otherwise = 1 WHERE told_by = 2",
        ("PAT.CN", "1 of 2 zones tell it otherwise"),
    ),
    "hub.only_whole_sets_have_a_total": Damage(
        f"UPDATE national_total SET zones_in = 1 {_2020}",
        ("GDP.*", "2020", "1 of 2 zones, total 320.0, lacking nobody"),
    ),
    "hub.totals_add_up": Damage(
        f"UPDATE national_total SET sum_of_zones_in = 321, obs_value = 321 {_2020}",
        ("GDP.*", "2020", "321.0 of 2 zones, 320.0 by adding 2 figures"),
    ),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    zones = {"beijing": zone_file(folder, "beijing", {"2019": 100.0, "2020": 120.0}),
             "hunan": zone_file(folder, "hunan", {"2019": 190.0, "2020": 200.0})}  # fmt: skip
    return hub_of(folder / "national.duckdb", zones)


def _found(verdict: Verdict, rule: str) -> str:
    return " ".join(finding.found for finding in verdict.findings if finding.rule == rule)


def test_a_good_hub_passes_without_a_word_about_it(good: Path) -> None:
    verdict = examined(good)
    assert verdict.passed
    assert [finding for finding in verdict.findings if finding.rule.startswith("hub.")] == []


@pytest.mark.parametrize("rule", DAMAGES)
def test_a_doctored_hub_fails_its_rule_and_the_finding_names_the_place(rule: str, good: Path) -> None:
    found = _found(examined(doctored(good, DAMAGES[rule].statement)), rule)
    assert [name for name in DAMAGES[rule].named if name not in found] == [], found


def test_every_rule_about_hubs_has_a_doctored_sample() -> None:
    assert {each.rule for each in told() if each.rule.startswith("hub.")} == set(DAMAGES)


@pytest.mark.parametrize("total", ["obs_value = NULL", "lacking = 'hunan: no figure'", "zones = 3"])
def test_a_total_over_a_set_that_is_not_whole_is_never_a_bare_number(total: str, good: Path) -> None:
    verdict = examined(doctored(good, f"UPDATE national_total SET {total} {_2020}"))
    assert not verdict.passed
    assert _found(verdict, "hub.only_whole_sets_have_a_total")
