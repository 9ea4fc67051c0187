"""No statement holds every row of a table against every row of another: with ten million of each it would never end.

DuckDB does so wherever a join that keeps what has no partner is told by more than comparisons of one side with the
other; a test of few rows does not notice.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datazones.warehouse.connecting import Limits
from datazones.warehouse.restating import Restatement, restate
from tests.unit.expectations_zone import Row, Zone

EVERY_WITH_EVERY = "BLOCKWISE_NL_JOIN"
SERIES, YEARS = 40, range(2000, 2010)


class Explaining:
    """A connection that asks, before each statement, how it will be done."""

    plans: dict[str, str] = {}

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, *given: object) -> duckdb.DuckDBPyConnection:
        if ";" not in sql:  # of a script all but the first statement would be done
            with suppress(duckdb.ParserException):  # what has no plan
                rows = self._connection.execute(f"EXPLAIN (FORMAT json) {sql}", *given).fetchall()
                self.plans[" ".join(sql.split())] = "\n".join(plan for _, plan in rows)
        return self._connection.execute(sql, *given)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a connection has
        return getattr(self._connection, name)


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Every statement from now on, and its plan."""
    connect = duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *given, **named: Explaining(connect(*given, **named)))
    monkeypatch.setattr(Explaining, "plans", {})
    return Explaining.plans


def _rows(every: int, figure: float) -> list[Row]:
    """Of so many series and years; each `every`-th of them has another figure."""
    keys = [(f"GDP.S{series}", str(year)) for series in range(SERIES) for year in YEARS]
    return [(*key, figure if place % every == 0 else 1.0, None) for place, key in enumerate(keys)]


def _of_three(folder: Path, late: float) -> Zone:
    folder.mkdir()
    zone = Zone(folder)
    zone.load(_rows(7, 2.0), "2020-01-01")
    zone.load(_rows(5, 3.0)[:-3], "2020-03-01", absent_is_withdrawn=True)
    zone.load(_rows(3, late)[5:], "2020-02-01", absent_is_withdrawn=True)
    return zone


def test_a_vintage_that_comes_late_is_told_from_what_is_held_by_keys(tmp_path: Path, plans: dict[str, str]) -> None:
    _of_three(tmp_path / "zone", 4.0)
    joins = [plan for plan in plans.values() if re.search("(HASH|DELIM)_JOIN", plan)]
    assert len(joins) > 20
    assert [sql for sql, plan in plans.items() if EVERY_WITH_EVERY in plan] == []


def test_a_restatement_is_told_from_what_was_read_before_by_keys(tmp_path: Path, plans: dict[str, str]) -> None:
    for name, late in (("was", 4.0), ("reads", 5.0)):
        _of_three(tmp_path / name, late)
    limits = Limits(256, 1, tmp_path / "spill")
    rebuilt, held = (tmp_path / name / "working.duckdb" for name in ("reads", "was"))
    restate(rebuilt, held, Restatement(4, datetime(2020, 4, 1, tzinfo=UTC), "misread", "0"), limits)
    assert any("INSERT INTO restated" in sql and "HASH_JOIN" in plan for sql, plan in plans.items())
    assert [sql for sql, plan in plans.items() if EVERY_WITH_EVERY in plan] == []


MACROS = {
    "observation_as_of": "TIMESTAMP '2020-02-15'",
    "vintage_diff": "TIMESTAMP '2020-01-15', TIMESTAMP '2020-02-15'",
    "revision_triangle": "'GDP.S1'",
}


def test_every_view_and_macro_of_a_published_file_is_answered_by_keys(tmp_path: Path) -> None:
    published = _of_three(tmp_path / "zone", 4.0).candidate("published")
    with duckdb.connect(str(published), read_only=True) as connection:
        views = [
            name for (name,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        ]
        ours = "FROM duckdb_functions() WHERE NOT internal AND database_name = current_database()"
        assert {name for (name,) in connection.execute(f"SELECT function_name {ours}").fetchall()} == set(MACROS)
        asked = [*views, *(f"{name}({given})" for name, given in MACROS.items())]
        plans = {of: connection.execute(f"EXPLAIN (FORMAT json) FROM {of}").fetchall()[0][1] for of in asked}
    assert len(views) > 8
    assert [of for of, plan in plans.items() if EVERY_WITH_EVERY in plan] == []
