"""A restatement reads what has landed and nothing else, changes what it must, and ends where a full rebuild ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datazones.catalogue import load
from datazones.errors import RebuildDiffers
from datazones.warehouse import query
from tests.journey.backfilling import Rig, rig

CORRECTION = """
[[corrections]]
correction_id = "mistyped_{period}"
cause = "a test says so"
declared_on = 2026-01-01
series_key = "M.SIM0001.{area}"
time_period = "{period}"
found = {found}
corrected = 1.5
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("restating"), 20) as found:
        yield found


@pytest.fixture
def zones(shared: Rig) -> Iterator[tuple[str, str]]:
    """Two zones of one area: one that is filled already, with years that a refresh and a backfill brought, and an
    empty one. What is declared of the feed meanwhile is forgotten afterwards."""
    catalogue = shared.equipment.catalogue
    path = shared.equipment.settings.feeds_folder / "months.toml"  # type: ignore[operator]
    before = path.read_text(encoding="utf-8")
    filled = shared.zone()
    area = catalogue.zone(filled).gb2260
    empty = next(z for z in catalogue.zones if catalogue.zone(z).gb2260 == area and z != filled)
    shared.run(filled, "2014-01", "2014-06")
    shared.run(filled, "2015-01", "2015-06")
    yield filled, empty
    path.write_text(before, encoding="utf-8")
    shared.equipment.catalogue = catalogue


def declare(rig: Rig, zone: str, *periods: str) -> None:
    """From now on these figures of the zone's series are known to be mistyped."""
    folder = rig.equipment.settings.feeds_folder
    assert folder
    key, figures = _series(rig, zone)
    area = key.rpartition(".")[2]
    declared = (CORRECTION.format(period=period, area=area, found=figures[period]) for period in periods)
    path = folder / "months.toml"
    path.write_text(path.read_text(encoding="utf-8") + "".join(declared), encoding="utf-8")
    rig.equipment.catalogue = load(rig.equipment.settings.zones_folder, folder)


def _series(rig: Rig, zone: str) -> tuple[str, dict[str, float]]:
    path = rig.equipment.published(rig.equipment.catalogue.zone(zone))
    sql = "SELECT series_key, time_period, obs_value FROM latest JOIN series USING (series_id)"
    rows = query(path, sql, rig.equipment.limits).rows()
    return rows[0][0], {period: figure for _, period, figure in rows if figure is not None}


def _figured(rig: Rig, zone: str, year: str) -> str:
    return next(period for period in _series(rig, zone)[1] if period.startswith(year))


def test_a_restatement_asks_nothing_and_ends_where_a_full_rebuild_ends(shared: Rig, zones: tuple[str, str]) -> None:
    from flows.restate import restate
    from tasks.rebuild import rebuild

    zone, empty = zones
    wrong = _figured(shared, zone, "2015")
    before = dict(shared.published(zone))
    declare(shared, zone, wrong)
    shared.providers.asked()
    checked, nothing = restate(zone, "months", "mistyped", "2015-01", "2015-12", check=True)
    assert (checked.restated, nothing) == ({"months": {"revised": 1}}, None)
    assert dict(shared.published(zone)) == before
    _, snapshot = restate(zone, "months", "mistyped", "2015-01", "2015-12")
    assert snapshot
    assert shared.providers.asked() == []
    assert dict(shared.published(zone)) == {**before, wrong: 1.5}
    assert all(table.same for table in rebuild(zone, check=True).tables)
    shared.run(empty, "2014-01", "2014-06")
    shared.run(empty, "2015-01", "2015-06")
    assert shared.published(empty) == shared.published(zone)


def test_what_would_change_outside_of_the_range_is_refused(shared: Rig, zones: tuple[str, str]) -> None:
    from flows.restate import restate

    zone, _ = zones
    figures = [period for period in _series(shared, zone)[1] if period.startswith("2015")]
    declare(shared, zone, figures[0], figures[-1])
    held = shared.published(zone)
    month = f"{figures[0][:4]}-{figures[0][4:]}"
    with pytest.raises(RebuildDiffers, match=figures[-1]):
        restate(zone, "months", "mistyped", month, month)
    assert shared.published(zone) == held


def test_what_is_read_rightly_is_not_restated(zones: tuple[str, str]) -> None:
    from flows.restate import restate

    done, snapshot = restate(zones[0], "months", "nothing was wrong", "2014-01", "2015-12")
    assert (done.restated, snapshot) == ({}, None)
