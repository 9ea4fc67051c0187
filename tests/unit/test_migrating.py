"""Files of every earlier layout are brought to today's, with their rows; files of a later one are left alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from datazones.errors import WarehouseDamaged, WarehouseNewer
from datazones.model import Parent, Revisions
from datazones.warehouse import WorkingCopy, export, schema
from datazones.warehouse.working import hydrate
from tests.unit.test_warehouse import Zone

EARLIER = [number for number, _ in schema.scripts()][:-1]


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A zone with revisions and noise, in today's layout."""
    zone = Zone(tmp_path)
    zone.load(2018, {("a", "2016"): 1.0, ("a", "2017"): 2.0})
    zone.load(2020, {("a", "2016"): 1.5, ("a", "2017"): 2.0 + 1e-12, ("b", "2017"): 7.0})
    return zone


def _as_of_layout(number: int, zone: Zone, into: Path) -> None:
    """The zone's rows in a file as Datazones made it when `number` was the newest script."""
    with duckdb.connect(str(into)) as connection:
        for each, script in schema.scripts():
            if each <= number:
                connection.execute(script)
        if _columns(connection, "layout"):
            connection.execute("INSERT INTO layout VALUES (?)", [number])
        connection.execute(f"ATTACH '{zone.path}' AS now (READ_ONLY)")
        for name in [name for name in schema.PUBLISHED if _columns(connection, name)]:
            columns = ", ".join(_columns(connection, name))
            connection.execute(f"INSERT INTO {name} BY NAME SELECT {columns} FROM now.{name}")
        if _columns(connection, "layout"):
            connection.execute("INSERT INTO layout VALUES (?)", [number])
        connection.execute("CREATE TABLE working AS FROM now.working")


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND table_name = ?", [table]
    ).fetchall()
    return [str(row[0]) for row in rows]


@pytest.mark.parametrize("number", EARLIER)
def test_a_working_copy_of_an_earlier_layout_keeps_its_rows_and_takes_further_loads(number: int, zone: Zone) -> None:
    old = zone.folder / "old.duckdb"
    _as_of_layout(number, zone, old)
    expected = {year: zone.as_of(year) for year in (2017, 2018, 2020)}
    zone.path = old
    with WorkingCopy.held(old, zone.limits):
        pass
    assert {year: zone.as_of(year) for year in expected} == expected
    assert zone.ask("SELECT number FROM layout") == [(schema.newest(),)]
    assert zone.load(2022, {("a", "2016"): 1.5, ("a", "2017"): 3.0}) == Revisions(revised=1)
    assert zone.as_of(2020) == expected[2020]
    assert zone.as_of(2022)["a", "2017"] == 3.0
    export(old, zone.folder / "candidate.duckdb", zone.limits)


@pytest.mark.parametrize("number", EARLIER)
def test_a_published_file_of_an_earlier_layout_becomes_a_working_copy_and_is_not_touched(
    number: int, zone: Zone
) -> None:
    published = zone.folder / "published.duckdb"
    _as_of_layout(number, zone, published)
    before, expected = published.read_bytes(), zone.as_of(2018)
    hydrate(zone.path, published, Parent(3, "third", 2), zone.limits)
    assert zone.as_of(2018) == expected
    assert published.read_bytes() == before
    with WorkingCopy.held(zone.path, zone.limits) as copy:
        assert copy.parent() == Parent(3, "third", 2)


def test_a_file_of_a_newer_layout_is_refused_and_not_touched(zone: Zone) -> None:
    with duckdb.connect(str(zone.path)) as connection:
        connection.execute("UPDATE layout SET number = number + 1")
    before = zone.path.read_bytes()
    with pytest.raises(WarehouseNewer, match=f"layout {schema.newest() + 1}"):
        zone.load(2022, {("a", "2016"): 1.5})
    with pytest.raises(WarehouseNewer):
        hydrate(zone.folder / "other.duckdb", zone.path, Parent(1, "first", 1), zone.limits)
    assert zone.path.read_bytes() == before


def test_a_file_of_no_layout_that_ever_was_is_refused(zone: Zone) -> None:
    other = zone.folder / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE figures (obs_value DOUBLE)")
    zone.path = other
    with pytest.raises(WarehouseDamaged, match="figures"):
        zone.load(2022, {("a", "2016"): 1.5})


def test_every_layout_that_does_not_tell_its_number_can_be_told_by_what_is_in_it() -> None:
    with duckdb.connect() as connection:
        shapes = []
        for _, script in schema.scripts():
            connection.execute(script)
            found = connection.execute(
                "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE NOT internal UNION ALL "
                "SELECT function_name FROM duckdb_functions() WHERE NOT internal"
            ).fetchall()
            shapes.append(frozenset(str(row[0]) for row in found))
    silent = [shape for shape in shapes if "layout.number" not in shape]
    assert len(set(silent)) == len(silent) >= 4


def test_no_two_scripts_have_one_number() -> None:
    numbers = [number for number, _ in schema.scripts()]
    assert numbers == sorted(set(numbers))
