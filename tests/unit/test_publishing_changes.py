"""A candidate that is a changed copy of the published file: it says, and weighs, what one written as a whole would."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from datazones.errors import WarehouseDamaged
from datazones.model import Base
from datazones.warehouse import Exported, changing, export, parting, schema
from datazones.warehouse.connecting import Limits, literal, opened
from datazones.warehouse.fingerprinting import Fingerprint, columns_of, contents, row_hash, vacant

FEEDS, SERIES, MONTHS, REFRESHES = 3, 30, 150, 5

_MADE = f"""
INSERT INTO series BY NAME
SELECT i::INTEGER AS series_id, 'feed_' || i // {SERIES // FEEDS} AS feed_id, 'M.' || i AS series_key,
       'NBS' AS agency_id, 'gdp' AS dataflow_id, '{{}}' AS dimensions FROM range({SERIES}) AS r(i);
INSERT INTO latest BY NAME
SELECT i::INTEGER AS series_id, strftime(day, '%Y-%m') AS time_period, day::DATE AS period_start,
       (day + INTERVAL 1 MONTH)::DATE AS period_end, i * 1000 + m AS obs_value, TIMESTAMP '2026-01-01' AS known_from,
       1 AS vintage_id
FROM range({SERIES}) AS r(i), (SELECT m, DATE '2012-01-01' + to_months(m::INTEGER) AS day FROM range({MONTHS}) AS q(m))
ORDER BY hash(i, m);
INSERT INTO restated BY NAME
SELECT 1 AS load_id, 'feed_0' AS feed_id, 'M.0' AS series_key, '2012-01' AS time_period,
       DATE '2012-01-01' AS period_start, DATE '2012-02-01' AS period_end, TIMESTAMP '2026-01-01' AS known_from,
       'revised' AS change
FROM range(2);
"""
"""The last row twice: a table without a key may have that."""


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large enough here for every rule that concerns large zones."""
    monkeypatch.setattr(parting, "SMALL", 1)
    monkeypatch.setattr(parting, "BY_DECADE", 1_000)
    monkeypatch.setattr(parting, "ROW_GROUP", 256)
    monkeypatch.setattr(changing, "WORTHWHILE", 1)


@pytest.fixture
def working(tmp_path: Path) -> Path:
    path = tmp_path / "working" / "hunan.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        schema.create(connection)
        connection.execute(_MADE)
    return path


def _base(exported: Exported, path: Path) -> Base:
    """As its manifest would say it."""
    assert exported.recipe
    parts = tuple(replace(part, path=None) for part in exported.parts)
    digest = sha256(path.read_bytes()).hexdigest()
    return Base(path, digest, exported.recipe, exported.loose, exported.tables, parts)


def _bytes(exported: Exported) -> dict[str, tuple[str, str | None]]:
    return {part.name: (part.digest, part.content) for part in exported.parts}


def _refresh(connection: duckdb.DuckDBPyConnection, chance: random.Random, number: int) -> None:
    """What a load may do: revise here and there, bring a period, withdraw one, bring a series."""
    month = f"DATE '2012-01-01' + to_months({chance.randrange(MONTHS)})"
    one = chance.choice(
        [
            f"UPDATE latest SET obs_value = obs_value + {number}, vintage_id = {number} WHERE period_start = {month}",
            f"UPDATE latest SET obs_status = 'e' WHERE hash(series_id, period_start, {number}) % 50 = 0",
            f"DELETE FROM latest WHERE series_id = {chance.randrange(SERIES)} AND period_start = {month}",
            f"INSERT INTO latest BY NAME SELECT series_id, 'later' AS time_period, DATE '2027-01-01' + {number} AS "
            f"period_start, DATE '2028-01-01' AS period_end, 1.5 AS obs_value, now()::TIMESTAMP AS known_from, "
            f"{number} AS vintage_id FROM series WHERE series_id % 3 = {number % 3}",
            f"INSERT INTO series BY NAME SELECT * REPLACE (series_id + {100 * number} AS series_id, "
            f"series_key || '.{number}' AS series_key) FROM series LIMIT 2",
            f"UPDATE latest SET obs_value = NULL WHERE series_id = {chance.randrange(SERIES)}",
        ]
    )
    connection.execute(one)


def _note(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """What every load adds: a vintage, and what stops being known."""
    connection.execute(
        f"INSERT INTO superseded BY NAME SELECT *, TIMESTAMP '2026-02-01' + INTERVAL {number} DAY AS known_to, "
        f"{number} AS superseded_by, 'revised' AS change FROM latest "
        f"WHERE hash(series_id, period_start) % 97 = {number}"
    )
    connection.execute(
        "INSERT INTO vintage BY NAME SELECT ? AS vintage_id, 'feed_0' AS feed_id, ? AS load_id, now()::TIMESTAMP AS "
        "known_at, now()::TIMESTAMP AS retrieved_at, 0 AS observations, 0 AS added, 0 AS revised, 0 AS withdrawn, "
        "0 AS ignored",
        [number, number],
    )


@pytest.mark.parametrize("seed", range(3))
def test_whatever_was_loaded_in_between_a_changed_copy_says_the_same_in_the_same_parquet_bytes(
    working: Path, tmp_path: Path, limits: Limits, seed: int
) -> None:
    chance, loose = random.Random(seed), []
    last = export(working, tmp_path / "0.duckdb", limits, parts=tmp_path / "parts_0")
    for number in range(1, REFRESHES + 1):
        with duckdb.connect(str(working)) as connection:
            for _ in range(chance.randrange(1, 4)):
                _refresh(connection, chance, number)
            _note(connection, number)
        base = _base(last, tmp_path / f"{number - 1}.duckdb")
        parts = tmp_path / f"parts_{number}"
        last = export(working, tmp_path / f"{number}.duckdb", limits, parts=parts, base=base)
        whole = export(working, tmp_path / "whole.duckdb", limits, parts=tmp_path / "parts_whole")
        assert last.tables == whole.tables
        assert _bytes(last) == _bytes(whole)
        loose.append(last.loose)
    assert any(loose)


_LOADED = """
INSERT INTO superseded BY NAME
SELECT *, TIMESTAMP '2026-02-01' AS known_to, 2 AS superseded_by, 'revised' AS change FROM latest WHERE {revised};
INSERT INTO latest BY NAME
SELECT * REPLACE (obs_value + 1 AS obs_value, TIMESTAMP '2026-02-01' AS known_from, 2 AS vintage_id)
FROM latest WHERE {revised};
DELETE FROM latest WHERE vintage_id = 1 AND {revised};
"""
"""What a load of the newest vintage does."""


@pytest.mark.parametrize(
    ("besides", "is_told_by_vintages"),
    [
        ("", True),
        ("UPDATE latest SET comment_obs = 'late' WHERE series_id = 7 AND time_period = '2020-02'", False),
        ("DELETE FROM latest WHERE series_id = 7 AND time_period = '2020-02'", False),
        ("UPDATE latest SET vintage_id = 1 WHERE vintage_id = 2 AND series_id = 5", False),
        ("UPDATE superseded SET obs_value = 0 WHERE series_id = 5", False),
    ],
)
def test_what_newer_vintages_brought_and_took_back_is_believed_only_where_nothing_else_has_changed(
    working: Path, tmp_path: Path, limits: Limits, besides: str, *, is_told_by_vintages: bool
) -> None:
    path = tmp_path / "0.duckdb"
    with duckdb.connect(str(working)) as connection:
        _note(connection, 1)
        connection.execute("DELETE FROM superseded")
    base = _base(export(working, path, limits, parts=tmp_path / "parts"), path)
    with duckdb.connect(str(working)) as connection:
        connection.execute(
            _LOADED.format(
                revised="(hash(series_id, period_start) % 99 = 0 OR (series_id = 5 AND year(period_start) = 2020))"
            )
        )
        connection.execute(besides)
    with opened(None, limits, reach=[tmp_path]) as connection:
        connection.execute(f"ATTACH {literal(working)} AS held (READ_ONLY)")
        found = changing.find(connection, base, contents(connection, "held"))
        made = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert found
    assert ("now_latest" not in made) is is_told_by_vintages
    changed = export(working, tmp_path / "1.duckdb", limits, parts=tmp_path / "parts_1", base=base)
    whole = export(working, tmp_path / "2.duckdb", limits, parts=tmp_path / "parts_2")
    assert changed.loose == found.loose > 0
    assert (changed.tables, _bytes(changed)) == (whole.tables, _bytes(whole))


def test_a_part_that_says_the_same_is_taken_over_from_the_parent_and_not_made_again(
    working: Path, tmp_path: Path, limits: Limits
) -> None:
    first = export(working, tmp_path / "0.duckdb", limits, parts=tmp_path / "parts_0")
    with duckdb.connect(str(working)) as connection:
        connection.execute("UPDATE latest SET obs_value = 7 WHERE series_id = 3 AND time_period = '2023-02'")
    base = _base(first, tmp_path / "0.duckdb")
    second = export(working, tmp_path / "1.duckdb", limits, parts=tmp_path / "parts_1", base=base)
    made = [part.name for part in second.parts if part.path]
    assert made == ["latest/feed_id=feed_0/year=2023/part.parquet"]
    assert [str(path.relative_to(tmp_path / "parts_1")) for path in (tmp_path / "parts_1").rglob("*.parquet")] == made
    assert second.loose == 1
    lost = replace(base, parts=tuple(part for part in base.parts if part.name != "series.parquet"))
    third = export(working, tmp_path / "2.duckdb", limits, parts=tmp_path / "parts_2", base=lost)
    assert [part.name for part in third.parts if part.path] == ["series.parquet", *made]
    assert _bytes(third) == _bytes(second)


def test_when_many_rows_lie_out_of_their_place_the_file_is_written_as_a_whole_again(
    working: Path, tmp_path: Path, limits: Limits
) -> None:
    first = export(working, tmp_path / "0.duckdb", limits, parts=tmp_path / "parts")
    with duckdb.connect(str(working)) as connection:
        connection.execute("UPDATE latest SET obs_value = 7 WHERE period_start < DATE '2012-12-01'")
    base = _base(first, tmp_path / "0.duckdb")
    assert 0 < export(working, tmp_path / "1.duckdb", limits, base=base).loose <= SERIES * 11
    already = replace(base, loose=SERIES * MONTHS // 10)
    assert export(working, tmp_path / "2.duckdb", limits, base=already).loose == 0


@pytest.mark.parametrize("spoilt", ["bytes", "recipe", "absent"])
def test_a_base_that_is_not_what_its_manifest_promises_is_not_built_on(
    working: Path, tmp_path: Path, limits: Limits, spoilt: str
) -> None:
    path = tmp_path / "0.duckdb"
    base = _base(export(working, path, limits, parts=tmp_path / "parts"), path)
    if spoilt == "bytes":
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE OR REPLACE VIEW observation AS SELECT 42 AS obs_value")
    elif spoilt == "recipe":
        base = replace(base, recipe="0" * 64)
    else:
        path.unlink()
    with duckdb.connect(str(working)) as connection:
        connection.execute("UPDATE latest SET obs_value = 7 WHERE series_id = 3 AND time_period = '2023-02'")
    assert export(working, tmp_path / "1.duckdb", limits, base=base).loose == 0
    with duckdb.connect(str(tmp_path / "1.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM observation").fetchone() == (SERIES * MONTHS,)


def test_a_changed_copy_that_would_not_say_the_same_is_thrown_away(
    working: Path, tmp_path: Path, limits: Limits
) -> None:
    """Two rows of one key: to delete one of them by its key would delete both."""
    with duckdb.connect(str(working)) as connection:
        connection.execute("INSERT INTO latest SELECT * REPLACE (5 AS obs_value) FROM latest WHERE series_id = 3")
    base = _base(export(working, tmp_path / "0.duckdb", limits, parts=tmp_path / "parts"), tmp_path / "0.duckdb")
    with duckdb.connect(str(working)) as connection:
        connection.execute(
            "UPDATE latest SET obs_value = 7 WHERE series_id = 3 AND obs_value = 5 AND month(period_start) = 2"
        )
    exported = export(working, tmp_path / "1.duckdb", limits, base=base)
    assert (exported.loose, exported.tables) == (0, export(working, tmp_path / "2.duckdb", limits).tables)


def test_figures_of_a_series_that_nobody_describes_are_refused(working: Path, tmp_path: Path, limits: Limits) -> None:
    with duckdb.connect(str(working)) as connection:
        connection.execute("DELETE FROM series WHERE series_id = 3")
    with pytest.raises(WarehouseDamaged, match="not described"):
        export(working, tmp_path / "0.duckdb", limits)


def test_duckdb_hashes_as_it_always_did_else_every_digest_would_be_another() -> None:
    """If this fails, give manifests a new layout: older digests are then not comparable with newer ones."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 1::INTEGER AS a, '2020-01' AS b, DATE '2020-01-01' AS c, 1.5::DOUBLE AS d, "
            "NULL::VARCHAR AS e, TIMESTAMP '2020-01-01 10:00:00' AS f, '数据要素, longer than twelve bytes' AS g, "
            "7::UBIGINT AS h, 2::SMALLINT AS i"
        )
        assert connection.execute(f"SELECT {row_hash('abcdefghi')} FROM t").fetchone() == (10_882_324_619_500_063_822,)


def test_a_column_that_has_nothing_is_hashed_alike_unread_and_one_value_has_it_read(working: Path) -> None:
    with duckdb.connect(str(working)) as connection:
        columns = columns_of(connection, "latest")
        empty = vacant(connection, "FROM latest", columns)
        assert empty == {"obs_status", "conf_status", "comment_obs", "obs_attributes"}
        hashes = (row_hash((name for name, _ in columns), unread) for unread in ((), empty))
        assert connection.execute(f"SELECT count(*) FROM latest WHERE {' <> '.join(hashes)}").fetchone() == (0,)
        connection.execute("UPDATE latest SET comment_obs = 'late' WHERE series_id = 7 AND time_period = '2020-02'")
        assert vacant(connection, "FROM latest", columns) == empty - {"comment_obs"}


def test_a_value_in_a_column_that_had_none_is_a_change(working: Path, tmp_path: Path, limits: Limits) -> None:
    path = tmp_path / "0.duckdb"
    base = _base(export(working, path, limits, parts=tmp_path / "parts"), path)
    with duckdb.connect(str(working)) as connection:
        connection.execute("UPDATE latest SET comment_obs = 'late' WHERE series_id = 7 AND time_period = '2020-02'")
    changed = export(working, tmp_path / "1.duckdb", limits, base=base)
    assert changed.loose == 1
    assert changed.tables == export(working, tmp_path / "2.duckdb", limits).tables != base.tables
    with duckdb.connect(str(changed.path), read_only=True) as connection:
        assert connection.execute("SELECT series_id FROM latest WHERE comment_obs = 'late'").fetchall() == [(7,)]


def test_fingerprints_add_up_in_any_order() -> None:
    one, two, three = Fingerprint(1, 5, (1 << 128) - 1), Fingerprint(2, 6, 3), Fingerprint(3, 7, 9)
    whole = Fingerprint.of([one, two, three])
    assert whole == Fingerprint.of([three, one, two]) == Fingerprint(6, 5 ^ 6 ^ 7, 11)
    assert whole - two == one + three
    assert whole - one - two - three == Fingerprint()


def test_the_log_of_a_run_that_was_killed_is_not_applied_to_the_next_candidate(
    working: Path, tmp_path: Path, limits: Limits
) -> None:
    path = tmp_path / "0.duckdb"
    tables = export(working, path, limits).tables
    connection = duckdb.connect(str(path))
    connection.execute("INSERT INTO latest FROM latest")
    log = Path(f"{path}.wal").read_bytes()
    connection.close()
    Path(f"{path}.wal").write_bytes(log)
    assert export(working, path, limits).tables == tables
