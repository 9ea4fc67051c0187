"""Held vintage x new vintage -> added, revised, withdrawn. Set-based, inside the load's transaction.

The figures that stop being known move, with their interval, from `latest` to `superseded`; nothing is lost.
What differs by no more than the feed's declared tolerance is kept aside as a sighting and otherwise left alone.
A vintage that is the newest is compared with `latest`; every other case is replayed.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from datazones.model import Revisions, Staged
from datazones.warehouse import replaying
from datazones.warehouse.arriving import KEY, OUTCOME, REST, UNLIKE, WITHIN_ABSENCE, WITHIN_SPAN, arrive, forget


def revise(connection: duckdb.DuckDBPyConnection, staged: Staged, *, load_id: int, retrieved_at: datetime) -> Revisions:
    """Apply every vintage of a reading, in whatever order vintages come, and say what they changed in all."""
    vintages = arrive(connection, staged, retrieved_at=retrieved_at)
    if vintages:
        if vintages == 1 and _is_newest(connection, staged.feed_id):
            _apply(connection, staged.tolerance)
        else:
            replaying.replay(connection, staged.tolerance)
        _record(connection, staged.feed_id, load_id, retrieved_at)
    forget(connection)
    row = connection.execute(
        "SELECT coalesce(sum(added), 0)::BIGINT, coalesce(sum(revised), 0)::BIGINT, "
        "coalesce(sum(withdrawn), 0)::BIGINT, coalesce(sum(ignored), 0)::BIGINT FROM vintage WHERE load_id = ?",
        [load_id],
    ).fetchone()
    return Revisions(*(row or ()))


def _is_newest(connection: duckdb.DuckDBPyConnection, feed_id: str) -> bool:
    row = connection.execute(
        "SELECT (SELECT known_at FROM arrived) >= max(known_at) IS NOT FALSE FROM vintage WHERE feed_id = ?", [feed_id]
    ).fetchone()
    return bool(row and row[0])


def _apply(connection: duckdb.DuckDBPyConnection, tolerance: float) -> None:
    """The newest vintage: everything it can change is in `latest`."""
    _compare(connection, tolerance)
    _withdraw(connection)
    _move(connection)


def _compare(connection: duckdb.DuckDBPyConnection, tolerance: float) -> None:
    """`outcome`: what is not exactly as it is held, and what kind of change that is."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE outcome AS
        SELECT (SELECT vintage_id FROM arrived) AS vintage_id, n.* EXCLUDE (action, known_at, released_at),
               {OUTCOME} AS outcome
        FROM incoming AS n LEFT JOIN latest AS h USING ({KEY})
        WHERE n.action = 'replace' AND (h.series_id IS NULL OR {UNLIKE})
        """,
        {"tolerance": tolerance},
    )


def _withdraw(connection: duckdb.DuckDBPyConnection) -> None:
    """What the provider takes back in so many words, and what it no longer gives: withdrawn if the feed says so.

    A series that is not in the answer at all is never withdrawn by its absence: the gate asks about it.
    """
    connection.execute(
        f"""
        INSERT INTO outcome BY NAME
        SELECT c.vintage_id, {KEY}, time_period, {REST},
               CASE WHEN {WITHIN_ABSENCE} THEN 'withdrawn' ELSE 'nothing' END AS outcome
        FROM latest AS k JOIN covering AS c USING (series_id) ANTI JOIN incoming USING ({KEY})
        WHERE {WITHIN_ABSENCE} OR {WITHIN_SPAN}
        """
    )
    connection.execute(
        f"""
        INSERT INTO outcome BY NAME
        SELECT a.vintage_id, {KEY}, coalesce(h.time_period, n.time_period) AS time_period,
               {", ".join(f"h.{name}" for name in REST.split(", "))},
               CASE WHEN h.series_id IS NULL THEN 'vacant' ELSE 'withdrawn' END AS outcome
        FROM incoming AS n JOIN arrived AS a USING (known_at) LEFT JOIN latest AS h USING ({KEY})
        WHERE action = 'delete'
        """
    )


def _move(connection: duckdb.DuckDBPyConnection) -> None:
    """What changed leaves `latest` for `superseded`; what is new takes its place."""
    connection.execute(
        f"""
        INSERT INTO superseded BY NAME
        SELECT h.*, known_at AS known_to, o.vintage_id AS superseded_by, outcome AS change
        FROM latest AS h JOIN outcome AS o USING ({KEY}) JOIN arrived AS a ON a.vintage_id = o.vintage_id
        WHERE outcome IN ('filled', 'revised', 'withdrawn')
        """
    )
    connection.execute(
        "DELETE FROM latest USING outcome AS o WHERE latest.series_id = o.series_id AND latest.period_start = "
        "o.period_start AND latest.period_end = o.period_end AND outcome IN ('filled', 'revised', 'withdrawn')"
    )
    connection.execute(
        f"""
        INSERT INTO latest BY NAME
        SELECT {KEY}, time_period, {REST}, vintage_id, known_at AS known_from
        FROM outcome JOIN arrived USING (vintage_id)
        WHERE outcome IN ('added', 'filled', 'revised')
        """
    )


def _record(connection: duckdb.DuckDBPyConnection, feed_id: str, load_id: int, retrieved_at: datetime) -> None:
    """The vintages, what each changed of what was known at its instant, and what it said without changing anything."""
    connection.execute("INSERT INTO coverage BY NAME FROM covering")
    connection.execute(
        f"INSERT INTO sighting BY NAME SELECT vintage_id, {KEY}, outcome AS said, "
        "CASE outcome WHEN 'ignored' THEN obs_value END AS obs_value "
        "FROM outcome WHERE outcome IN ('ignored', 'nothing', 'vacant')"
    )
    connection.execute(
        """
        INSERT INTO vintage BY NAME
        SELECT a.*, $feed AS feed_id, $load AS load_id, $retrieved_at AS retrieved_at,
               count(*) FILTER (outcome IN ('added', 'filled')) AS added,
               count(*) FILTER (outcome = 'revised') AS revised, count(*) FILTER (outcome = 'withdrawn') AS withdrawn,
               count(*) FILTER (outcome = 'ignored') AS ignored
        FROM arrived AS a LEFT JOIN outcome USING (vintage_id) GROUP BY ALL ORDER BY vintage_id
        """,
        {"feed": feed_id, "load": load_id, "retrieved_at": retrieved_at},
    )
    connection.execute("DROP TABLE outcome")
