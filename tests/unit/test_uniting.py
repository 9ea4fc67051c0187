"""A hub's warehouse: the union of what zones share, each series from one zone, and no total that is not one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from datazones.errors import WarehouseNewer
from datazones.warehouse.connecting import Limits
from datazones.warehouse.marts import marts
from datazones.warehouse.uniting import is_united, united
from tests.hubs import RACE, contribution, hub_of, load_into, united_of, zone_file
from tests.unit.expectations_zone import Zone, doctored, examined

Figures = Mapping[str, float]
BEIJING: Figures = {"2018": 90.0, "2019": 100.0, "2020": 120.0}
HUNAN: Figures = {"2019": 190.0, "2020": 200.0}


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("zones")
    return {"beijing": zone_file(folder, "beijing", BEIJING), "hunan": zone_file(folder, "hunan", HUNAN)}


def _ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


TOTALS = (
    "SELECT time_period, obs_value, zones_in, zones, lacking, behind, sum_of_zones_in FROM national_total ORDER BY 1"
)


def test_a_total_is_given_where_every_zone_has_its_figure(zones: dict[str, Path], tmp_path: Path) -> None:
    found = _ask(hub_of(tmp_path / "hub.duckdb", zones), TOTALS)
    assert found == [
        ("2018", None, 1, 2, "hunan: no figure", None, 90.0),
        ("2019", 290.0, 2, 2, None, None, 290.0),
        ("2020", 320.0, 2, 2, None, None, 320.0),
    ]


def test_a_zone_that_has_published_nothing_shows_as_missing_and_never_as_zero(
    zones: dict[str, Path], tmp_path: Path
) -> None:
    path = hub_of(tmp_path / "hub.duckdb", {**zones, "anhui": None})
    assert _ask(path, TOTALS)[-1] == ("2020", None, 2, 3, "anhui: missing, nothing published yet", None, 320.0)
    assert _ask(path, "SELECT state, reason, generation, as_of FROM contribution WHERE zone_id = 'anhui'") == [
        ("missing", "nothing published yet", None, None)
    ]
    ranked = _ask(
        path, "SELECT zone_id, place, obs_value, state FROM ranking WHERE time_period = '2020' ORDER BY place"
    )
    assert ranked == [
        ("hunan", 1, 200.0, "current"), ("beijing", 2, 120.0, "current"), ("anhui", None, None, "missing")
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["late", "held"])
def test_the_figures_of_a_zone_that_is_behind_are_in_and_the_total_says_whose(
    state: str, zones: dict[str, Path], tmp_path: Path
) -> None:
    members = [contribution(zone_id, path) for zone_id, path in zones.items()]
    members[1] = replace(members[1], state=state, reason="since Monday")  # type: ignore[arg-type]
    united_of(tmp_path / "hub.duckdb", members)
    found = _ask(tmp_path / "hub.duckdb", TOTALS)
    assert found[-1] == ("2020", 320.0, 2, 2, None, f"hunan: {state}, since Monday", 320.0)


def test_figures_in_different_units_never_meet(zones: dict[str, Path], tmp_path: Path) -> None:
    path = hub_of(
        tmp_path / "hub.duckdb", {**zones, "hunan": zone_file(tmp_path, "hunan", {"2020": 2_000_000.0}, unit="万元")}
    )
    found = _ask(path, "SELECT unit_measure, obs_value, sum_of_zones_in FROM national_total WHERE time_period = '2020'")
    assert sorted(found) == [("万元", None, 2_000_000.0), ("亿元", None, 120.0)]


def test_rates_and_indices_are_ranked_and_never_added_up(tmp_path: Path) -> None:
    zones = {zone: zone_file(tmp_path, zone, {"2020": 3.0}, unit="%") for zone in ("beijing", "hunan")}
    path = hub_of(tmp_path / "hub.duckdb", zones)
    assert _ask(path, "FROM national_total") == []
    assert _ask(path, "SELECT DISTINCT place, share_of_zones FROM ranking") == [(1, None)]


def test_a_series_that_several_zones_tell_is_there_once_from_the_one_that_has_known_it_longest(
    zones: dict[str, Path], tmp_path: Path
) -> None:
    newer = {**RACE, "PAT.CN": {"2019": 20.0, "2020": 31.0}}
    anhui = zone_file(tmp_path, "anhui", {"2020": 7.0}, race=newer, known_at="2024-03-01")
    path = hub_of(tmp_path / "hub.duckdb", {**zones, "anhui": anhui})
    told = "SELECT series_key, zone_id, told_by, otherwise FROM origin JOIN series USING (series_id) ORDER BY 1"
    assert _ask(path, told) == [
        ("GDP.CN-AH", "anhui", 1, 0),
        ("GDP.CN-BJ", "beijing", 1, 0),
        ("GDP.CN-HN", "hunan", 1, 0),
        ("PAT.CN", "beijing", 3, 1),
        ("PAT.US", "beijing", 3, 0),
    ]
    assert _ask(path, PATENTS) == [("beijing", 30.0)]


PATENTS = """
SELECT zone_id, obs_value FROM latest JOIN series USING (series_id) JOIN origin USING (series_id)
WHERE series_key = 'PAT.CN' AND time_period = '2020'
"""


@pytest.mark.parametrize(
    ("beijing", "hunan", "teller"),
    [
        pytest.param([1, 2], [1, 2, 3], "hunan", id="who goes on with the same history is taken"),
        pytest.param([1, 2, 3, 4], [1, 2, 4, 5], "beijing", id="who missed a vintage never replaces who has it"),
        pytest.param([1, 2, 3, 4, 5], [1, 2, 4, 5], "beijing", id="though both heard the newest"),
        pytest.param([2, 4, 6], [1, 7], "hunan", id="who began first is first, whoever hears more often"),
        pytest.param([1, 2], [1, 2], "beijing", id="of equals the first by name"),
    ],
)
def test_a_hub_takes_the_history_that_loses_nothing(
    beijing: list[int], hunan: list[int], teller: str, tmp_path: Path
) -> None:
    files = {}
    for zone_id, months in (("beijing", beijing), ("hunan", hunan)):
        (tmp_path / zone_id).mkdir()
        zone = Zone(tmp_path / zone_id)
        for month in months:
            zone.load([("PAT.CN", "2020", 100.0 + month, None)], f"2024-{month:02}-01", feed_id="pat", agency_id="WB")
        files[zone_id] = zone.candidate(zone_id)
    path = hub_of(tmp_path / "hub.duckdb", files)
    newest = {"beijing": beijing, "hunan": hunan}[teller][-1]
    assert _ask(path, PATENTS) == [(teller, 100.0 + newest)]


def test_a_hub_of_zones_that_ask_in_turn_passes_the_gate_each_time(tmp_path: Path) -> None:
    zones, files, published = {}, {}, None
    for zone_id in ("beijing", "hunan"):
        (tmp_path / zone_id).mkdir()
        zones[zone_id] = Zone(tmp_path / zone_id)
    for month in range(1, 5):
        for day, (zone_id, zone) in enumerate(zones.items(), start=1):
            rows = [("PAT.CN", str(year), 100.0 + year + month / 100, None) for year in range(2015, 2021)]
            zone.load(
                rows, f"2024-{month:02}-{day:02}", feed_id="pat", agency_id="WB", unit_measure="1", title="Patents"
            )
            files[zone_id] = zone.candidate(f"{zone_id}-{month}")
            hub = hub_of(tmp_path / f"hub-{month}-{day}.duckdb", files)
            if published:
                verdict = examined(hub, published)
                assert verdict.passed, verdict.findings
            published = hub


def test_the_race_says_who_is_ahead_since_when_and_by_how_much(zones: dict[str, Path], tmp_path: Path) -> None:
    path = hub_of(tmp_path / "hub.duckdb", zones)
    race = (
        "SELECT time_period, china, united_states, ahead, china_per_us, lead_since, is_newest FROM ai_race ORDER BY 1"
    )
    assert _ask(path, race) == [
        ("2019", 20.0, 25.0, "United States", 0.8, "2019", False),
        ("2020", 30.0, 25.0, "China", 1.2, "2020", True),
    ]


def test_what_was_known_before_a_revision_is_still_known_in_the_hub(tmp_path: Path) -> None:
    zone_file(tmp_path, "beijing", BEIJING)
    zone = Zone(tmp_path / "beijing")
    load_into(zone, "CN-BJ", {**BEIJING, "2020": 121.0}, "2025-02-01", number=9)
    path = hub_of(tmp_path / "hub.duckdb", {"beijing": zone.candidate("revised")})
    wanted = "series_key = 'GDP.CN-BJ' AND time_period = '2020'"
    asked = "SELECT obs_value FROM observation_as_of(TIMESTAMP '{}') WHERE " + wanted
    assert _ask(path, asked.format("2024-06-01")) == [(120.0,)]
    assert _ask(path, asked.format("2025-06-01")) == [(121.0,)]
    assert _ask(path, "SELECT change, obs_value_before, obs_value_after FROM revision") == [("revised", 120.0, 121.0)]


def test_what_a_zone_does_not_share_is_not_in_the_hub(zones: dict[str, Path], tmp_path: Path) -> None:
    members = [contribution("beijing", zones["beijing"], ("gdp",)), contribution("hunan", zones["hunan"], ())]
    united_of(tmp_path / "hub.duckdb", members)
    assert _ask(tmp_path / "hub.duckdb", "SELECT series_key FROM series") == [("GDP.CN-BJ",)]
    assert _ask(tmp_path / "hub.duckdb", "SELECT count(*) FROM load_log") == [(0,)]


def test_the_same_snapshots_give_the_same_tables_whoever_builds_them(zones: dict[str, Path], tmp_path: Path) -> None:
    members = [contribution(zone_id, path) for zone_id, path in zones.items()]
    assert united_of(tmp_path / "one.duckdb", members) == united_of(tmp_path / "two.duckdb", members[::-1])


def test_a_hub_knows_whether_it_was_built_from_just_these_snapshots(zones: dict[str, Path], tmp_path: Path) -> None:
    members = [contribution(zone_id, path) for zone_id, path in zones.items()]
    limits = Limits(memory_mb=512, threads=1, spill=tmp_path / "spill")
    united_of(tmp_path / "hub.duckdb", members)
    assert is_united(tmp_path / "hub.duckdb", members, limits)
    later = replace(members[0], state="late", reason="no word since Monday")
    assert not is_united(tmp_path / "hub.duckdb", [later, members[1]], limits)
    assert not is_united(doctored(tmp_path / "hub.duckdb", "UPDATE mart SET sql_sha256 = 'other'"), members, limits)
    assert not is_united(zones["beijing"], members, limits)


def test_a_snapshot_of_a_later_layout_is_refused_by_name(zones: dict[str, Path], tmp_path: Path) -> None:
    newer = doctored(zones["hunan"], "UPDATE layout SET number = 9999")
    with pytest.raises(WarehouseNewer, match="layout 9999"):
        hub_of(tmp_path / "hub.duckdb", {"hunan": newer})


def test_every_table_of_a_hub_and_each_of_its_columns_says_what_it_is(zones: dict[str, Path], tmp_path: Path) -> None:
    path = hub_of(tmp_path / "hub.duckdb", zones)
    columns = _ask(path, "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal")
    assert [name for *name, comment in columns if not comment] == []
    tables = dict(_ask(path, "SELECT table_name, comment FROM duckdb_tables()"))
    assert [name for name in united() if not tables[name]] == []
    for mart in marts("hub"):
        assert [column for table, column, _ in columns if table == mart.name] == list(mart.columns)
    assert _ask(path, "SELECT mart_id FROM mart ORDER BY 1") == [(mart.name,) for mart in marts("hub")]
