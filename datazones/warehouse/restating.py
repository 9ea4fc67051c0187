"""What comes of reading old raw answers anew: our own revisions, kept apart from those of the provider.

The history says what the provider said, as we read it now. What we had read otherwise goes to `restated`, one row for
each instant at which something else was known of an observation, under the `restatement` that tells why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from datazones.warehouse.arriving import REST
from datazones.warehouse.connecting import Limits, literal, opened
from datazones.warehouse.replaying import HELD_AT
from datazones.warehouse.working import naive

KEY = "feed_id, series_key, period_start, period_end"
UNIT = "unit_measure, unit_mult, base_per"
CARRIED = ("restatement", "restated")
"""The tables that no raw answer tells: they stay as they are held."""


def carry_over(rebuilt: Path, held: Path, limits: Limits) -> None:
    """Take the earlier restatements into a zone that was made again: its raw answers do not tell them."""
    with opened(rebuilt, limits, reach=[held.parent]) as connection:
        connection.execute(f"ATTACH {literal(held)} AS held (READ_ONLY)")
        for table in CARRIED:
            connection.execute(f"INSERT INTO {table} BY NAME FROM held.{table}")
        _mark(connection)


@dataclass(frozen=True, slots=True)
class Restatement:
    """Why and when old raw answers were read anew, and by which version; it takes a number among the loads."""

    load_id: int
    restated_at: datetime
    reason: str
    code_version: str


def restate(rebuilt: Path, held: Path, restatement: Restatement, limits: Limits) -> None:
    """Write into `rebuilt` a restatement, and what the zone as it is `held` knew otherwise at any instant."""
    with opened(rebuilt, limits, reach=[held.parent]) as connection:
        connection.execute(f"ATTACH {literal(held)} AS held (READ_ONLY)")
        _tell_states(connection, "was", "held.")
        _tell_states(connection, "reads", "")
        connection.execute("BEGIN")
        connection.execute(
            "INSERT INTO restatement VALUES (?, ?, ?, ?)",
            [restatement.load_id, naive(restatement.restated_at), restatement.reason, restatement.code_version],
        )
        _compare(connection, restatement.load_id)
        _mark(connection)
        connection.execute("COMMIT")


def restated_by_feed(rebuilt: Path, load_id: int, limits: Limits) -> dict[str, dict[str, int]]:
    """How many observations a restatement changed at some instant, by feed and kind of change."""
    with opened(rebuilt, limits, read_only=True) as connection:
        rows = connection.execute(
            "SELECT feed_id, change, count(DISTINCT (series_key, period_start, period_end)) FROM restated "
            "WHERE load_id = ? GROUP BY ALL ORDER BY ALL",
            [load_id],
        ).fetchall()
    counts: dict[str, dict[str, int]] = {}
    for feed_id, change, observations in rows:
        counts.setdefault(str(feed_id), {})[str(change)] = int(observations)
    return counts


def restated_outside(rebuilt: Path, load_id: int, first: date, last: date, limits: Limits) -> list[str]:
    """The periods that a restatement changed and that do not lie between these days, the last not included."""
    with opened(rebuilt, limits, read_only=True) as connection:
        rows = connection.execute(
            "SELECT DISTINCT time_period FROM restated "
            "WHERE load_id = ? AND NOT (period_start >= ? AND period_end <= ?) ORDER BY ALL",
            [load_id, first, last],
        ).fetchall()
    return [str(row[0]) for row in rows]


def _tell_states(connection: duckdb.DuckDBPyConnection, name: str, database: str) -> None:
    """Every state of every observation that was known for some time, with its series told by name."""
    connection.execute(
        f"""
        CREATE TEMP TABLE {name} AS
        SELECT {KEY}, time_period, {REST}, {UNIT}, known_from, known_to
        FROM (SELECT *, NULL::TIMESTAMP AS known_to FROM {database}latest
              UNION ALL BY NAME SELECT * EXCLUDE (superseded_by, change) FROM {database}superseded)
        JOIN {database}series USING (series_id)
        WHERE known_to IS NULL OR known_to > known_from
        """
    )


def _compare(connection: duckdb.DuckDBPyConnection, load_id: int) -> None:
    """At every instant at which a state begins or ends in one reading only: what was known then, and what is now."""
    beginnings = f"SELECT {KEY}, time_period, {REST}, {UNIT}, known_from FROM"
    ends = f"SELECT {KEY}, known_to AS known_from FROM"
    alike = " AND ".join(f"{{0}}.{name} = u.{name}" for name in KEY.split(", "))
    said = ", ".join(f"{{0}}.{name}" for name in f"time_period, {REST}, {UNIT}".split(", "))
    connection.execute(
        f"""
        INSERT INTO restated BY NAME
        WITH unlike AS (
            SELECT {KEY}, known_from FROM ({beginnings} was EXCEPT {beginnings} reads)
            UNION SELECT {KEY}, known_from FROM ({beginnings} reads EXCEPT {beginnings} was)
            UNION ({ends} was EXCEPT {ends} reads) UNION ({ends} reads EXCEPT {ends} was)
        )
        SELECT $load_id AS load_id, u.*, coalesce(b.time_period, n.time_period) AS time_period,
               CASE WHEN b.known_from IS NULL THEN 'added' WHEN n.known_from IS NULL THEN 'withdrawn' ELSE 'revised' END
               AS change, {said.format("b").removeprefix("b.time_period, ")},
               n.obs_value AS obs_value_after, n.obs_status AS obs_status_after
        FROM unlike AS u
        LEFT JOIN was AS b ON {alike.format("b")} AND {HELD_AT.format(h="b", at="u.known_from")}
        LEFT JOIN reads AS n ON {alike.format("n")} AND {HELD_AT.format(h="n", at="u.known_from")}
        WHERE u.known_from IS NOT NULL AND ({said.format("b")}) IS DISTINCT FROM ({said.format("n")})
        ORDER BY ALL
        """,
        {"load_id": load_id},
    )


def _mark(connection: duckdb.DuckDBPyConnection) -> None:
    """`vintage.restated_by`: the last restatement that changed what a vintage said."""
    connection.execute(
        "UPDATE vintage AS v SET restated_by = (SELECT max(r.load_id) FROM restated AS r "
        "WHERE r.feed_id = v.feed_id AND r.known_from = v.known_at AND r.load_id > v.load_id)"
    )
