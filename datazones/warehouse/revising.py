"""Held vintage x new vintage -> added, revised, withdrawn. Set-based, inside the load's transaction.

The figures that stop being known move, with their interval, from `latest` to `superseded`; nothing is lost.
What differs by no more than the feed's declared tolerance is kept aside as a sighting and otherwise left alone.
A vintage that is the newest is compared with `latest`; every other case is replayed.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from datazones.model import Revisions, Staged
from datazones.warehouse import aligning, replaying, withdrawing
from datazones.warehouse.arriving import (
    HELD,
    KEY,
    OUTCOME,
    REST,
    SAID,
    UNLIKE,
    arrive,
    forget,
    silent,
)
from datazones.warehouse.connecting import one


def revise(connection: duckdb.DuckDBPyConnection, staged: Staged, *, load_id: int, retrieved_at: datetime) -> Revisions:
    """Apply every vintage of a reading, in whatever order vintages come, and say what they changed in all."""
    arrival = arrive(connection, staged, retrieved_at=retrieved_at)
    if arrival.vintages:
        begun = 0
        if arrival.vintages == 1 and _is_newest(connection, staged.feed_id):
            begun = _apply(connection, staged, arrival.new_from)
        else:
            replaying.replay(connection, staged.tolerance)
        _record(connection, staged.feed_id, load_id, retrieved_at, begun)
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


def _apply(connection: duckdb.DuckDBPyConnection, staged: Staged, new_from: int) -> int:
    """The newest vintage: everything it can change is in `latest`. The number of observations of new series."""
    _compare(connection, staged, new_from)
    withdrawing.withdraw(connection, new_from)
    _move(connection)
    return _begin(connection, new_from)


def _compare(connection: duckdb.DuckDBPyConnection, staged: Staged, new_from: int) -> None:
    """`outcome`: what is not exactly as it is held, what kind of change that is, and the row that it changes.

    Most of what comes is as it is held, and is left out before anything is compared in full.
    """
    if not aligning.lay(connection, staged.observations, new_from):
        _leave_out(connection, new_from)
    unheld = ", ".join(f"NULL::VARCHAR AS {name}" for name in sorted(silent(connection)))
    held = f"* REPLACE ({unheld})" if unheld else "*"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE outcome AS
        SELECT (SELECT vintage_id FROM arrived) AS vintage_id, {", ".join(f"n.{name}" for name in SAID)},
               {OUTCOME} AS outcome, struct_pack({", ".join(f"{name} := h.{name}" for name in HELD)}) AS held, place
        FROM unlike AS n
        LEFT JOIN (SELECT {held}, rowid AS place FROM latest) AS h USING ({KEY})
        WHERE h.series_id IS NULL OR {UNLIKE}
        """,
        {"tolerance": staged.tolerance},
    )
    connection.execute("DROP TABLE unlike")


def _leave_out(connection: duckdb.DuckDBPyConnection, new_from: int) -> None:
    """`unlike`, however what comes and what is held lie: of few all, of many what is left when all is joined with all.

    What is held enters the join as its key and a hash, so that it stays small. Both sides are bounded alike, that
    DuckDB may tell which is smaller.
    """
    said, given = ", ".join(SAID), f"FROM incoming WHERE series_id < {new_from} AND action = 'replace'"
    alike = (
        f"ANTI JOIN (SELECT {KEY}, hash({REST}) AS content FROM latest WHERE series_id < {new_from}) "
        f"USING ({KEY}, content)"
    )
    many = one(connection, "SELECT sum(given) FROM strand") >= aligning.WORTHWHILE
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE unlike AS FROM (SELECT {said}, hash({REST}) AS content {given}) {alike}"
        if many
        else f"CREATE OR REPLACE TEMP TABLE unlike AS SELECT {said} {given}"
    )


def _move(connection: duckdb.DuckDBPyConnection) -> None:
    """What changed leaves `latest` for `superseded`; what is new takes its place."""
    connection.execute(
        """
        INSERT INTO superseded BY NAME
        SELECT unnest(held), known_at AS known_to, vintage_id AS superseded_by, outcome AS change
        FROM outcome JOIN arrived USING (vintage_id)
        WHERE outcome IN ('filled', 'revised', 'withdrawn')
        """
    )
    connection.execute(
        "DELETE FROM latest WHERE rowid IN "
        "(SELECT place FROM outcome WHERE outcome IN ('filled', 'revised', 'withdrawn'))"
    )
    connection.execute(
        f"""
        INSERT INTO latest BY NAME
        SELECT {KEY}, time_period, {REST}, vintage_id, known_at AS known_from
        FROM outcome JOIN arrived USING (vintage_id)
        WHERE outcome IN ('added', 'filled', 'revised')
        """
    )


def _begin(connection: duckdb.DuckDBPyConnection, new_from: int) -> int:
    """Of series that came with this vintage nothing is held: straight from the files into `latest`; how many."""
    given = f"FROM strand WHERE series_id >= {new_from} AND action = 'replace'"
    begun = one(connection, f"SELECT coalesce(sum(given), 0) {given}")
    if begun:
        connection.execute(
            f"""
            INSERT INTO latest BY NAME
            SELECT {KEY}, time_period, {REST}, (SELECT vintage_id FROM arrived) AS vintage_id, known_at AS known_from
            FROM incoming WHERE action = 'replace' AND series_id >= {new_from}
            """
        )
    return begun


def _record(
    connection: duckdb.DuckDBPyConnection, feed_id: str, load_id: int, retrieved_at: datetime, begun: int
) -> None:
    """The vintages, what each changed of what was known at its instant, and what it said without changing anything."""
    connection.execute("INSERT INTO coverage BY NAME FROM covering")
    connection.execute(
        f"INSERT INTO sighting BY NAME SELECT vintage_id, {KEY}, outcome AS said, "
        "CASE outcome WHEN 'ignored' THEN obs_value END AS obs_value "
        "FROM outcome WHERE outcome IN ('ignored', 'same', 'nothing', 'vacant')"
    )
    connection.execute(
        """
        INSERT INTO vintage BY NAME
        SELECT a.*, $feed AS feed_id, $load AS load_id, $retrieved_at AS retrieved_at,
               $begun + count(*) FILTER (outcome IN ('added', 'filled')) AS added,
               count(*) FILTER (outcome = 'revised') AS revised, count(*) FILTER (outcome = 'withdrawn') AS withdrawn,
               count(*) FILTER (outcome = 'ignored') AS ignored
        FROM arrived AS a LEFT JOIN outcome USING (vintage_id) GROUP BY ALL ORDER BY vintage_id
        """,
        {"feed": feed_id, "load": load_id, "retrieved_at": retrieved_at, "begun": begun},
    )
    connection.execute("DROP TABLE outcome")
