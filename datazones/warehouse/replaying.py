"""Vintages that come late, or several at once: every vintage of the observations they touch is replayed.

What each vintage said of a touched observation is put together again: from the figures that are held and the instants
they were known, from `sighting`, and from `coverage`. The new vintages take their places among them by instant, and
what is known when is worked out anew. Untouched are all observations of which each new vintage says just what is held
for its instant; of these only the coverage grows.
"""

from __future__ import annotations

import duckdb

from datazones.warehouse.arriving import ATTRIBUTES, KEY, OUTCOME, REST, UNLIKE, WITHIN_ABSENCE, WITHIN_SPAN
from datazones.warehouse.connecting import one

WORDS = 1 << 22
"""So many words of vintages about observations are in memory at once, however many vintages there are."""

_TEMPORARY = ("unlike", "found", "touched", "past", "extent", "said", "begun", "turned", "standing")
HELD_AT = "{h}.known_from <= {at} AND coalesce({h}.known_to, 'infinity') > {at}"
"""Whether the state `h` is what is held for that instant. Here and below each side of a comparison is of one relation:
else DuckDB would hold every row of the one against every row of the other."""

_HELD_AFTER = """
(h.known_from, h.vintage_id) <= ({v}.known_at, {v}.vintage_id)
AND (coalesce(h.known_to, 'infinity'), h.superseded_by) > ({v}.known_at, {v}.vintage_id)
"""
"""Whether the state `h` is what was known right after the vintage: of two of one instant the later load holds."""


def replay(connection: duckdb.DuckDBPyConnection, tolerance: float) -> None:
    """Bring `latest`, `superseded` and `sighting` to where the vintages in order would have brought them.

    Leaves `outcome`: what each vintage, old and new, did to each touched observation.
    """
    _touch(connection)
    vintages = one(connection, "SELECT (SELECT count(*) FROM vintage) + (SELECT count(*) FROM arrived)")
    found, at_once = one(connection, "SELECT count(*) FROM found"), max(1, WORDS // vintages)
    for first in range(1, max(found, 1) + 1, at_once):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE touched AS FROM found WHERE key_id BETWEEN {first} AND {first + at_once - 1}"
        )
        _remember(connection)
        _gather(connection)
        _fold(connection, tolerance)
        _stand(connection)
        _replace(connection)
        kept = "CREATE OR REPLACE TEMP TABLE outcome AS" if first == 1 else "INSERT INTO outcome"
        connection.execute(f"{kept} FROM turned")
    for table in _TEMPORARY:
        connection.execute(f"DROP TABLE {table}")


def _touch(connection: duckdb.DuckDBPyConnection) -> None:
    """`found`: the observations of which a new vintage says anything but what is held for its instant. `touched` will
    be so many of them as are replayed at once.

    What is held enters the first join as its key and a hash, and only keys enter the second: so both stay small.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE unlike AS
        SELECT {KEY} FROM (SELECT {KEY}, known_at, hash({REST}) AS content FROM incoming WHERE action <> 'delete') AS n
        ANTI JOIN (SELECT {KEY}, known_from, known_to, hash({REST}) AS content FROM history) AS h
        ON {_alike("n", "h")} AND n.content = h.content AND {HELD_AT.format(h="h", at="n.known_at")}
        """
    )
    connection.execute(f"INSERT INTO unlike SELECT {KEY} FROM incoming WHERE action = 'delete'")
    connection.execute(
        f"""
        INSERT INTO unlike SELECT {KEY} FROM (
            SELECT {_of("k")}, a.known_at FROM history AS k JOIN covering AS c USING (series_id)
            JOIN arrived AS a ON a.vintage_id = c.vintage_id
            WHERE {HELD_AT.format(h="k", at="a.known_at")} AND ({WITHIN_SPAN} OR {WITHIN_ABSENCE})
        ) ANTI JOIN (SELECT {KEY}, known_at FROM incoming) USING ({KEY}, known_at)
        """
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE found AS "
        f"SELECT row_number() OVER () AS key_id, * FROM (SELECT DISTINCT {KEY} FROM unlike)"
    )


def _remember(connection: duckdb.DuckDBPyConnection) -> None:
    """`past`: every state of a touched observation. `extent`: every vintage, old and new, that covers it."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE past AS
        SELECT key_id, NULL::TIMESTAMP AS known_to, NULL::INTEGER AS superseded_by, NULL::VARCHAR AS change, h.*
        FROM latest AS h JOIN touched USING ({KEY})
        UNION ALL BY NAME SELECT key_id, h.* FROM superseded AS h JOIN touched USING ({KEY})
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE extent AS
        SELECT key_id, vintage_id, known_at, sparse, {WITHIN_SPAN} AS within_span, {WITHIN_ABSENCE} AS within_absence
        FROM (SELECT c.*, known_at FROM coverage AS c JOIN vintage USING (vintage_id)
              UNION ALL SELECT c.*, known_at FROM covering AS c JOIN arrived USING (vintage_id)) AS c
        JOIN touched AS k USING (series_id)
        WHERE {WITHIN_SPAN} OR {WITHIN_ABSENCE}
        """
    )


def _gather(connection: duckdb.DuckDBPyConnection) -> None:
    """`said`: what each vintage said of each touched observation, in order, in a `word` and the figure that it
    gave. Vintages that say the same one after another are one `run`."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE said AS
        WITH stated AS (
            SELECT key_id, vintage_id, known_from AS known_at, 'given' AS word, time_period, {REST} FROM past
            UNION ALL BY NAME
            SELECT key_id, superseded_by AS vintage_id, known_to AS known_at, 'vacant' AS word FROM past
            WHERE change = 'withdrawn'
            UNION ALL BY NAME
            SELECT key_id, vintage_id, known_at, CASE action WHEN 'delete' THEN 'vacant' ELSE 'given' END AS word,
                   time_period, {REST}
            FROM incoming JOIN arrived USING (known_at) JOIN touched USING ({KEY})
        ), hinted AS (
            SELECT key_id, vintage_id, known_at, said AS word, obs_value
            FROM sighting JOIN vintage USING (vintage_id) JOIN touched USING ({KEY})
        ), implied AS (
            SELECT key_id, vintage_id, known_at,
                   CASE WHEN NOT within_span THEN 'absent' WHEN sparse THEN 'nothing' ELSE 'same' END AS word,
                   NULL AS obs_value, within_absence
            FROM extent ANTI JOIN stated USING (key_id, vintage_id) ANTI JOIN hinted USING (key_id, vintage_id)
        ), settled AS (
            SELECT i.key_id, i.vintage_id, i.known_at,
                   CASE WHEN i.word = 'vacant' THEN 'vacant' WHEN i.word = 'nothing' THEN NULL
                        WHEN i.vintage_id IN (SELECT vintage_id FROM arrived) OR h.key_id IS NULL
                        THEN CASE WHEN within_absence THEN 'absent' END
                        WHEN i.word IN ('same', 'ignored') THEN 'given' END AS word,
                   time_period, coalesce(i.obs_value, h.obs_value) AS obs_value,
                   {", ".join(f"h.{name}" for name in ATTRIBUTES)}
            FROM (FROM hinted UNION ALL BY NAME FROM implied) AS i
            LEFT JOIN past AS h ON h.key_id = i.key_id AND {_HELD_AFTER.format(v="i")}
        )
        SELECT * EXCLUDE (content), count(*) FILTER (is_new) OVER of_key AS run FROM (
            SELECT *, content IS DISTINCT FROM lag(content) OVER of_key AS is_new FROM (
                SELECT *, hash(word, time_period, {REST}) AS content
                FROM (FROM stated UNION ALL BY NAME FROM settled WHERE word IS NOT NULL)
            ) WINDOW of_key AS (PARTITION BY key_id ORDER BY known_at, vintage_id)
        ) WINDOW of_key AS (PARTITION BY key_id ORDER BY known_at, vintage_id)
        """
    )


def _fold(connection: duckdb.DuckDBPyConnection, tolerance: float) -> None:
    """`turned`: what each vintage did, one run after the other, all touched observations at once.

    A figure within the tolerance is compared with the one that is held, not with the one before it: so in order. What
    is said again, with nothing else between, changes nothing; many vintages have few runs.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE begun AS FROM said WHERE is_new ORDER BY run")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE turned AS
        WITH RECURSIVE fold AS (
            SELECT key_id, run, CASE word WHEN 'given' THEN 'added' ELSE word END AS outcome,
                   CASE word WHEN 'given' THEN key_id END AS series_id, {REST}
            FROM begun WHERE run = 1
            UNION ALL
            SELECT key_id, run, outcome, CASE WHEN outcome <> 'withdrawn' THEN coalesce(held, given) END AS series_id,
                   {
            ", ".join(
                f"CASE WHEN outcome IN ('added', 'filled', 'revised') THEN n_{name} ELSE {name} END"
                for name in REST.split(", ")
            )
        }
            FROM (
                SELECT n.key_id, n.run, h.series_id AS held, CASE n.word WHEN 'given' THEN n.key_id END AS given,
                       CASE WHEN n.word <> 'given' AND h.series_id IS NULL THEN n.word
                            WHEN n.word <> 'given' THEN 'withdrawn'
                            WHEN h.series_id IS NOT NULL AND NOT ({UNLIKE}) THEN 'same'
                            ELSE {OUTCOME} END AS outcome,
                       {", ".join(f"n.{name} AS n_{name}, h.{name}" for name in REST.split(", "))}
                FROM fold AS h JOIN begun AS n ON n.key_id = h.key_id AND n.run = h.run + 1
            )
        )
        SELECT key_id, vintage_id, known_at, {KEY}, time_period, {REST},
               CASE WHEN is_new OR f.outcome = 'ignored' THEN f.outcome WHEN word = 'given' THEN 'same' ELSE word END
               AS outcome
        FROM said JOIN (SELECT key_id, run, outcome FROM fold) AS f USING (key_id, run) JOIN touched USING (key_id)
        """,
        {"tolerance": tolerance},
    )


def _stand(connection: duckdb.DuckDBPyConnection) -> None:
    """`standing`: the states of the touched observations, each up to the vintage that ended it."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE standing AS
        SELECT * RENAME (known_at AS known_from), lead(known_at) OVER of_key AS known_to,
               lead(vintage_id) OVER of_key AS superseded_by, lead(outcome) OVER of_key AS change
        FROM turned WHERE outcome IN ('added', 'filled', 'revised', 'withdrawn')
        WINDOW of_key AS (PARTITION BY key_id ORDER BY known_at, vintage_id)
        QUALIFY outcome <> 'withdrawn'
        """
    )
    connection.execute(
        f"""
        INSERT INTO turned BY NAME
        SELECT e.key_id, e.vintage_id, e.known_at, {KEY}, h.time_period, {REST}, 'nothing' AS outcome
        FROM extent AS e ANTI JOIN turned AS o USING (key_id, vintage_id)
        JOIN standing AS h ON h.key_id = e.key_id AND {_HELD_AFTER.format(v="e")}
        WHERE within_span AND sparse IS NULL
        """
    )
    connection.execute(
        "DELETE FROM turned AS o USING extent AS e WHERE o.outcome = 'same' AND e.sparse IS NULL "
        "AND o.key_id = e.key_id AND o.vintage_id = e.vintage_id"
    )


def _replace(connection: duckdb.DuckDBPyConnection) -> None:
    """The touched observations anew; their sightings are written with the vintages."""
    for table in ("latest", "superseded", "sighting"):
        connection.execute(f"DELETE FROM {table} USING touched AS t WHERE {_alike(table, 't')}")
    state = f"{KEY}, time_period, {REST}, known_from, vintage_id"
    connection.execute(f"INSERT INTO latest BY NAME SELECT {state} FROM standing WHERE known_to IS NULL")
    connection.execute(
        f"INSERT INTO superseded BY NAME SELECT {state}, known_to, superseded_by, change FROM standing "
        "WHERE known_to IS NOT NULL"
    )


def _of(alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in KEY.split(", "))


def _alike(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in KEY.split(", "))
