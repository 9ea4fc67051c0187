"""Answers with only what has changed: what they gave is told, and not one by one all that they left out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from datazones.warehouse import withdrawing
from tests.unit.expectations_zone import Zone as Gated
from tests.unit.expectations_zone import examined
from tests.unit.test_warehouse import Zone

ALL = {("a", str(year)): 1.0 for year in range(2000, 2010)}
CHANGED = {("a", "2000"): 1.0, ("a", "2005"): 2.0, ("a", "2009"): 1.0}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it takes 65,536 observations that are left out."""
    monkeypatch.setattr(withdrawing, "SPARSE_FROM", 0)


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    zone = Zone(tmp_path)
    zone.load(2018, ALL)
    zone.load(2020, CHANGED)
    return zone


def test_of_an_answer_with_only_what_has_changed_it_is_told_what_it_gave(zone: Zone) -> None:
    assert zone.ask("SELECT year(known_at), sparse FROM coverage JOIN vintage USING (vintage_id) ORDER BY 1") == [
        (2018, None),
        (2020, True),
    ]
    assert zone.ask("SELECT year(period_start), said FROM sighting ORDER BY 1") == [(2000, "same"), (2009, "same")]


def test_what_it_left_out_is_known_as_a_vintage_before_it_says_that_comes_late(zone: Zone) -> None:
    zone.load(2019, dict.fromkeys(ALL, 3.0) | {("a", "1999"): 3.0})
    at_2020 = dict.fromkeys((period for _, period in ALL), 3.0) | {"1999": 3.0, "2000": 1.0, "2005": 2.0, "2009": 1.0}
    assert zone.as_of(2020) == {("a", period): figure for period, figure in at_2020.items()}
    assert zone.ask("SELECT count(*) FROM sighting WHERE said <> 'same'") == [(0,)]


def test_the_gate_says_of_how_many_series_most_is_left_out_and_not_of_each_observation(tmp_path: Path) -> None:
    gated = Gated(tmp_path)
    rows = [("GDP.CN-BJ", str(year), 100.0 + year, None) for year in range(2000, 2024)]
    gated.load(rows, "2024-02-01", unit_measure="亿元")
    published = gated.candidate("published")
    gated.load([rows[0], (*rows[12][:2], 2113.5, None), rows[-1]], "2024-03-01", unit_measure="亿元")
    verdict = examined(gated.candidate("candidate"), published, today=date(2024, 3, 2))
    (finding,) = (each for each in verdict.findings if each.rule == "completeness.answers_have_no_holes")
    assert (finding.severity, finding.count) == ("warning", 1)
    assert finding.sample[0]["found"] == "most of what is known is left out of 1 series"
