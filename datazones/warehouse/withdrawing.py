"""What a newest vintage takes back: in so many words, or by leaving it out where absence is declared to mean that.

What else it leaves out is sighted, so that a replay knows it; of vintages that leave out nearly all, what they gave.
"""

from __future__ import annotations

import duckdb

from datazones.warehouse.arriving import KEY, REST, SAID, WITHIN_ABSENCE, WITHIN_SPAN
from datazones.warehouse.connecting import one

SPARSE_FROM = 1 << 16
"""So many observations may be told to have been left out by a vintage, one by one."""

SPARSE_TIMES = 2
"""So many times as much as a sparse vintage gives of a series is held there."""


def withdraw(connection: duckdb.DuckDBPyConnection, new_from: int) -> None:
    """What the provider takes back in so many words, and what it no longer gives: withdrawn if the feed says so.

    A series that is not in the answer at all is never withdrawn by its absence: the gate asks about it. A segment is if
    another one of its series is given. One of which no more is held than was given misses nothing, and is not looked
    through.
    """
    if _gives_less(connection, new_from):
        _fall_short(connection)
        _thin_out(connection)
        _withdraw_absent(connection)
    if one(connection, "SELECT count(*) FROM strand WHERE action = 'delete'"):
        _withdraw_deleted(connection)


def _gives_less(connection: duckdb.DuckDBPyConnection, new_from: int) -> bool:
    """Whether more is held than was given again. Where it is not, that is so of each series: of none is less held."""
    given = f"(SELECT coalesce(sum(given), 0) FROM strand WHERE action = 'replace' AND series_id < {new_from})"
    new = "(SELECT count(*) FROM outcome WHERE outcome = 'added')"
    return bool(one(connection, f"SELECT (SELECT count(*) FROM latest) > {given} - {new}"))


def _fall_short(connection: duckdb.DuckDBPyConnection) -> None:
    """`short`: the coverage of each series of which less was given `again` than is held, and how much is held between
    its first and its last period there."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE short AS
        SELECT c.*, spanned, coalesce(given, 0) - coalesce(added, 0) AS again
        FROM covering AS c
        JOIN (SELECT series_id, count(*) AS held, count(*) FILTER ({WITHIN_SPAN}) AS spanned
              FROM latest AS k JOIN covering AS c USING (series_id) GROUP BY series_id) USING (series_id)
        LEFT JOIN (SELECT series_id, sum(given) FILTER (action = 'replace') AS given FROM strand GROUP BY series_id)
        USING (series_id)
        LEFT JOIN (SELECT series_id, count(*) AS added FROM outcome WHERE outcome = 'added' GROUP BY series_id)
        USING (series_id) WHERE CASE WHEN absent_from IS NULL THEN spanned ELSE held END > again
        """
    )


def _thin_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Where absence says nothing and very much is left out, what is given again is told instead of what is not."""
    sparse = f"FROM short WHERE absent_from IS NULL AND spanned > {SPARSE_TIMES} * again"
    if one(connection, f"SELECT coalesce(sum(spanned - again), 0) {sparse}") <= SPARSE_FROM:
        return
    connection.execute(f"UPDATE covering SET sparse = TRUE WHERE series_id IN (SELECT series_id {sparse})")
    connection.execute("DELETE FROM short WHERE series_id IN (SELECT series_id FROM covering WHERE sparse)")
    connection.execute(
        f"""
        INSERT INTO outcome BY NAME
        SELECT vintage_id, {", ".join(f"n.{name}" for name in SAID)}, 'same' AS outcome
        FROM incoming AS n JOIN covering USING (series_id) ANTI JOIN outcome USING ({KEY})
        WHERE sparse AND action = 'replace'
        """
    )


def _withdraw_absent(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        INSERT INTO outcome BY NAME
        SELECT c.vintage_id, {KEY}, time_period, {REST},
               CASE WHEN {WITHIN_ABSENCE} THEN 'withdrawn' ELSE 'nothing' END AS outcome, k AS held, k.rowid AS place
        FROM latest AS k JOIN short AS c USING (series_id)
        ANTI JOIN (FROM incoming SEMI JOIN short USING (series_id)) USING ({KEY})
        WHERE {WITHIN_ABSENCE} OR {WITHIN_SPAN}
        """
    )
    connection.execute("DROP TABLE short")


def _withdraw_deleted(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        INSERT INTO outcome BY NAME
        SELECT a.vintage_id, {KEY}, coalesce(h.time_period, n.time_period) AS time_period,
               {", ".join(f"h.{name}" for name in REST.split(", "))},
               CASE WHEN h.series_id IS NULL THEN 'vacant' ELSE 'withdrawn' END AS outcome, h AS held,
               h.rowid AS place
        FROM incoming AS n JOIN arrived AS a USING (known_at) LEFT JOIN latest AS h USING ({KEY})
        WHERE action = 'delete'
        """
    )
