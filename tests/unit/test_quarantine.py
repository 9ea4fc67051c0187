"""Single observations that break a rule are kept beside it; what is known is as if they had not been said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from datazones.errors import UnknownCode
from datazones.model import Broken, Finding, Parent, Verdict
from datazones.warehouse import WorkingCopy, standing
from datazones.warehouse.connecting import Limits
from tasks.excusing import excused
from tasks.quarantine import alone
from tests.unit.expectations_zone import Row, Zone

AT = datetime(2025, 3, 1, tzinfo=UTC)
GOOD: list[Row] = [("A", str(year), float(year), None) for year in range(2000, 2010)]
REVISED: list[Row] = [*GOOD[:5], ("A", "2005", -1.0, "x"), *GOOD[6:], ("A", "2010", 2010.5, None)]
ADDED: list[Row] = [*GOOD, ("A", "2010", -1.0, "x")]


def broken(period: str) -> Broken:
    return Broken("ranges.counts", "-1.0", "gdp", "A", period, "ab" * 32, 7)


@contextmanager
def held(folder: Path) -> Iterator[WorkingCopy]:
    limits = Limits(512, 1, folder / "spill")
    with WorkingCopy.held(folder / "working.duckdb", limits, reach=[folder]) as copy:
        yield copy


def known(folder: Path, view: str = "observation") -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / "working.duckdb"), read_only=True) as connection:
        return connection.execute(f"SELECT time_period, obs_value, obs_status FROM {view} ORDER BY ALL").fetchall()


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    made = Zone(tmp_path)
    made.load(GOOD, "2024-03-01", absent_is_withdrawn=True)
    return made


def test_a_revision_that_is_set_aside_leaves_what_was_known_and_the_rest_of_its_vintage(
    zone: Zone, tmp_path: Path
) -> None:
    zone.load(REVISED, "2025-02-01", absent_is_withdrawn=True)
    with held(tmp_path) as copy:
        assert copy.load_of(broken("2005"))
        copy.set_aside([broken("2005")], AT)
        (row,) = copy.quarantined()
        assert copy.pending().plain()[:3] == (11, 0, 0)
    assert ("2005", 2005.0, None) in known(tmp_path)
    assert ("2010", 2010.5, None) in known(tmp_path)
    assert (row.obs_value, row.obs_status, row.rule, row.raw_digest, row.raw_place) == (
        -1.0, "x", "ranges.counts", "ab" * 32, 7,
    )  # fmt: skip
    assert (row.decision, row.load_id, row.set_aside_at) == ("waiting", 2, AT)


def test_an_addition_that_is_set_aside_is_not_known(zone: Zone, tmp_path: Path) -> None:
    zone.load(ADDED, "2025-02-01")
    with held(tmp_path) as copy:
        copy.set_aside([broken("2010")], AT)
    assert known(tmp_path) == [(period, figure, status) for _, period, figure, status in GOOD]


@pytest.mark.parametrize(("rows", "period"), [(REVISED, "2005"), (ADDED, "2010")])
def test_a_released_row_is_known_from_the_decision_on_and_not_before(
    zone: Zone, tmp_path: Path, rows: list[Row], period: str
) -> None:
    zone.load(rows, "2025-02-01", absent_is_withdrawn=True)
    with held(tmp_path) as copy:
        copy.set_aside([broken(period)], AT)
    before = known(tmp_path)
    with held(tmp_path) as copy:
        copy.decide(1, "released", by="A. Owner", because="seen in the yearbook", at=AT)
        (row,) = copy.quarantined()
    assert (row.decision, row.decided_by, row.because, row.decided_at) == (
        "released", "A. Owner", "seen in the yearbook", AT,
    )  # fmt: skip
    assert (period, -1.0, "x") in known(tmp_path)
    assert known(tmp_path, "observation_as_of(TIMESTAMP '2025-02-28')") == before
    assert len(known(tmp_path)) == len(rows)


@pytest.mark.parametrize("absent_is_withdrawn", [True, False])
@pytest.mark.parametrize(("rows", "period"), [(REVISED, "2005"), (ADDED, "2010")])
def test_a_vintage_that_comes_later_or_late_meets_what_is_known_without_the_row(
    tmp_path: Path, rows: list[Row], period: str, absent_is_withdrawn: bool
) -> None:
    """As if its vintage had said nothing of it: in order, and replayed from between."""
    kept = {key: figure for _, key, figure, _ in GOOD}
    clean: list[Row] = [row for row in rows if row[1] != period]
    histories = []
    for name, said in (("aside", rows), ("clean", clean)):
        folder = tmp_path / name
        folder.mkdir()
        zone = Zone(folder)
        zone.load(GOOD, "2024-03-01", absent_is_withdrawn=absent_is_withdrawn)
        zone.load(said, "2025-02-01", absent_is_withdrawn=absent_is_withdrawn and said is rows)
        if name == "aside":
            with held(folder) as copy:
                copy.set_aside([broken(period)], AT)
        zone.load([("A", key, (figure or 0) + 1, None) for key, figure in kept.items()], "2025-03-01")
        zone.load([("A", key, (figure or 0) - 1, None) for key, figure in kept.items()], "2024-06-01")
        with duckdb.connect(str(folder / "working.duckdb"), read_only=True) as connection:
            histories.append(
                connection.execute(
                    "SELECT time_period, obs_value, known_from, known_to, vintage_id FROM history ORDER BY ALL"
                ).fetchall()
            )
    assert histories[0] == histories[1]


def test_a_row_that_a_later_vintage_has_overtaken_can_be_rejected_but_not_released(zone: Zone, tmp_path: Path) -> None:
    zone.load(REVISED, "2025-02-01")
    with held(tmp_path) as copy:
        copy.set_aside([broken("2005")], AT)
    zone.load([("A", "2005", 1.0, None)], "2025-03-01")
    with held(tmp_path) as copy:
        with pytest.raises(UnknownCode, match="said something else"):
            copy.decide(1, "released", by="A. Owner", because="?", at=AT)
        copy.decide(1, "rejected", by="A. Owner", because="the provider corrected it", at=AT)
        with pytest.raises(UnknownCode, match="rejected by A. Owner"):
            copy.decide(1, "released", by="A. Owner", because="?", at=AT)
    assert ("2005", 1.0, None) in known(tmp_path)


@pytest.mark.usefixtures("zone")
def test_what_was_published_before_is_not_set_aside(tmp_path: Path) -> None:
    with held(tmp_path) as copy:
        assert copy.load_of(broken("2005"))
        copy.adopt(Parent(1, "0" * 64, 1))
        assert copy.load_of(broken("2005")) is None


def finding(**about: object) -> Finding:
    row = {"feed_id": "gdp", "series_key": "A", "time_period": "2005", "found": "-1.0"}
    told = {"rule": "ranges.counts", "severity": "critical", "found": "-1.0", "expected": "none", "alone": True}
    return Finding(**{**told, "count": 1, "sample": (row,), **about})  # type: ignore[arg-type]


def failing(*findings: Finding) -> Verdict:
    return Verdict(False, 45, findings)


def test_observations_are_set_aside_only_if_each_is_wrong_by_itself_and_every_one_is_named() -> None:
    assert alone(failing(finding())) == [Broken("ranges.counts", "-1.0", "gdp", "A", "2005")]
    assert alone(failing(finding(), finding(rule="other"))) == [
        Broken("ranges.counts, other", "-1.0; -1.0", "gdp", "A", "2005")
    ]
    assert alone(failing(finding(), finding(alone=False))) == []
    assert alone(failing(finding(count=21))) == []
    assert alone(failing(finding(sample=({"feed_id": "gdp", "series_key": None, "time_period": "2005"},)))) == []
    assert len(alone(failing(finding(), finding(severity="warning", alone=False)))) == 1


def test_a_released_row_is_excused_while_it_is_known_and_a_waiting_one_is_told(zone: Zone, tmp_path: Path) -> None:
    zone.load(REVISED, "2025-02-01")
    limits = Limits(512, 1, tmp_path / "spill")
    with held(tmp_path) as copy:
        copy.set_aside([broken("2005")], AT)
    waiting = excused(failing(finding()), standing(zone.candidate("waiting"), limits))
    assert not waiting.passed
    assert [(each.rule, each.severity) for each in waiting.findings][-1] == ("quarantine", "warning")
    with held(tmp_path) as copy:
        copy.decide(1, "released", by="A. Owner", because="right", at=AT)
    released = standing(zone.candidate("released"), limits)
    assert excused(failing(finding()), released) == Verdict(True, 45, ())
    assert not excused(failing(finding(rule="other")), released).passed
    zone.load([("A", "2005", -2.0, None)], "2025-03-01")
    assert standing(zone.candidate("overtaken"), limits) == ()
