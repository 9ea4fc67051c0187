"""Parquet beside the DuckDB file: the same rows in the same bytes, cut so that little changes and little is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest
from pyarrow import parquet  # type: ignore[import-untyped]  # it comes without types

from datazones.model import Part
from datazones.publishing import Store, StoreAddress, current, fetch_manifest
from datazones.warehouse import export, parting, schema
from datazones.warehouse.connecting import Limits
from tests.snapshots import candidate, put

YEARS = (1998, 2024)
SERIES = 40


@pytest.fixture
def working(tmp_path: Path) -> Path:
    """A working copy of monthly series of two feeds, loaded in no order."""
    path = tmp_path / "working" / "hunan.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        schema.create(connection)
        connection.execute(
            f"INSERT INTO series BY NAME SELECT i::INTEGER AS series_id, 'feed_' || i % 2 AS feed_id, "
            f"'M.' || i AS series_key, 'NBS' AS agency_id, 'gdp' AS dataflow_id, '{{}}' AS dimensions "
            f"FROM range({SERIES}) AS r(i)"
        )
        connection.execute(
            f"INSERT INTO latest BY NAME SELECT i::INTEGER AS series_id, strftime(day, '%Y-%m') AS time_period, "
            f"day::DATE AS period_start, (day + INTERVAL 1 MONTH)::DATE AS period_end, i * 1000 + m AS obs_value, "
            f"TIMESTAMP '2026-01-01' AS known_from, 1 AS vintage_id FROM range({SERIES}) AS r(i), "
            f"(SELECT m, DATE '{YEARS[0]}-01-01' + to_months(m::INTEGER) AS day "
            f"FROM range({(YEARS[1] - YEARS[0] + 1) * 12}) AS q(m)) ORDER BY hash(i, m)"
        )
    return path


def _built(working: Path, folder: Path, limits: Limits) -> tuple[Part, ...]:
    return export(working, folder / "candidate.duckdb", limits, parts=folder / "parts").parts


def _by_name(parts: tuple[Part, ...]) -> dict[str, str]:
    return {part.name: part.digest for part in parts}


def _cut_by_decade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parting, "SMALL", 1)
    monkeypatch.setattr(parting, "BY_DECADE", 1)


def test_a_small_table_is_one_file_and_an_empty_one_is_none(working: Path, tmp_path: Path, limits: Limits) -> None:
    parts = _built(working, tmp_path / "a", limits)
    assert [(part.name, part.table, part.rows) for part in parts] == [
        ("series.parquet", "series", SERIES),
        ("latest.parquet", "latest", SERIES * 12 * (YEARS[1] - YEARS[0] + 1)),
    ]


@pytest.mark.parametrize("small", [1 << 16, 1])
def test_the_same_rows_give_the_same_bytes_whatever_the_threads(
    working: Path, tmp_path: Path, limits: Limits, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "SMALL", small)
    built = [_built(working, tmp_path / str(n), replace(limits, threads=n)) for n in (1, 2, 4)]
    assert _by_name(built[0]) == _by_name(built[1]) == _by_name(built[2])


def test_the_figures_of_a_very_large_feed_are_cut_by_year_throughout(
    working: Path, tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cut_by_decade(monkeypatch)
    monkeypatch.setattr(parting, "BY_YEAR", 1)
    names = [part.name for part in _built(working, tmp_path / "a", limits) if "feed_id=feed_0" in part.name]
    assert names == [f"latest/feed_id=feed_0/year={year}/part.parquet" for year in range(YEARS[0], YEARS[1] + 1)]


def test_a_large_table_is_cut_by_feed_decade_and_newest_years_and_every_row_is_in_one_file(
    working: Path, tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cut_by_decade(monkeypatch)
    parts = [part for part in _built(working, tmp_path / "a", limits) if part.table == "latest"]
    assert [part.name for part in parts] == [
        f"latest/feed_id=feed_{feed}/{span}/part.parquet"
        for feed in (0, 1)
        for span in ("decade=1990", "decade=2000", "decade=2010", *(f"year={year}" for year in range(2020, 2025)))
    ]
    with duckdb.connect(str(tmp_path / "a" / "candidate.duckdb"), read_only=True) as connection:
        expected = pl.DataFrame(connection.sql("FROM latest ORDER BY series_id, period_start"))
    found = pl.concat(pl.read_parquet(part.path) for part in parts).sort("series_id", "period_start")
    assert found.equals(expected)
    assert [part.rows for part in parts] == [pl.read_parquet(part.path).height for part in parts]


def test_a_file_too_large_to_be_gathered_has_the_same_rows_in_the_same_order(
    working: Path, tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered = _built(working, tmp_path / "a", limits)
    monkeypatch.setattr(parting, "GATHERED", 1000)
    monkeypatch.setattr(parting, "ROW_GROUP", 2000)
    built = [_built(working, tmp_path / str(n), replace(limits, threads=n)) for n in (1, 2)]
    assert _by_name(built[0]) == _by_name(built[1])
    assert [(part.name, part.rows, part.content) for part in built[0]] == [
        (part.name, part.rows, part.content) for part in gathered
    ]
    for streamed, whole in zip(built[0], gathered, strict=True):
        assert pl.read_parquet(streamed.path).equals(pl.read_parquet(whole.path))
    assert parquet.ParquetFile(built[0][-1].path).num_row_groups == -(-gathered[-1].rows // 2000)


def test_a_figure_that_changes_changes_the_file_of_its_feed_and_year_only(
    working: Path, tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cut_by_decade(monkeypatch)
    before = _by_name(_built(working, tmp_path / "a", limits))
    with duckdb.connect(str(working)) as connection:
        connection.execute("UPDATE latest SET obs_value = 1 WHERE series_id = 3 AND time_period = '2024-12'")
    after = _by_name(_built(working, tmp_path / "b", limits))
    assert {name for name in after if after[name] != before[name]} == {"latest/feed_id=feed_1/year=2024/part.parquet"}


def test_what_the_parent_has_is_not_sent_again_unless_the_store_has_lost_it(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    with Store.at(embedded) as store:
        first = put(store, prefix, candidate(tmp_path, "first"))
        pointer = current(store, prefix)
        assert pointer
        held = {found.key: found for found in store.listing(f"{prefix}/objects/")}
        (series,) = [
            f"{prefix}/{file.key}"
            for file in fetch_manifest(store, prefix, pointer.snapshot).files
            if file.table == "series"
        ]
        second = put(store, prefix, candidate(tmp_path, "second", first.parent()))
        now = {found.key: found for found in store.listing(f"{prefix}/objects/")}
        assert len(now) == len(held) + 2
        assert now[series] == held[series]
        store.remove(series)
        put(store, prefix, candidate(tmp_path, "third", second.parent()))
        assert series in {found.key for found in store.listing(f"{prefix}/objects/")}
