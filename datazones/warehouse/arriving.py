"""A staged reading as temporary relations: `strand`, `incoming`, and the vintages they `arrived` in.

A strand is what one file says of one series in one word. The readings themselves stay in their Parquet files:
`incoming` is a view of them by series id, so that a load of any size takes little memory and no second copy.
`covering` is what each vintage says by its mere extent: which series it holds, from which period to which, and where
in them absence means withdrawal; what it only takes back, in so many words, spans nothing. Of several vintages at one
instant the one that was loaded last holds; one that says the same as that is no news and leaves no trace.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from datazones.errors import ResponseMalformed
from datazones.model import Staged
from datazones.warehouse import identifying
from datazones.warehouse.connecting import literal, one
from datazones.warehouse.fingerprinting import vacant

KEY = "series_id, period_start, period_end"
ATTRIBUTES = ("obs_status", "conf_status", "comment_obs", "obs_attributes")
REST = ", ".join(("obs_value", *ATTRIBUTES))
HELD = ("series_id", "time_period", "period_start", "period_end", *REST.split(", "), "known_from", "vintage_id")
"""The columns of `latest`, in order."""

SAID = (*KEY.split(", "), "time_period", *REST.split(", "))
"""What an observation is and says: the columns of `unlike`."""

UNLIKE = " OR ".join(f"n.{name} IS DISTINCT FROM h.{name}" for name in ("obs_value", *ATTRIBUTES))
"""Whether the new observation `n` says anything but what `h` has."""

OUTCOME = f"""
CASE WHEN h.series_id IS NULL THEN 'added'
     WHEN h.obs_value IS NULL AND n.obs_value IS NOT NULL THEN 'filled'
     WHEN abs(n.obs_value - h.obs_value) <= $tolerance * greatest(abs(n.obs_value), abs(h.obs_value))
          AND ({", ".join(f"n.{name}" for name in ATTRIBUTES)})
          IS NOT DISTINCT FROM ({", ".join(f"h.{name}" for name in ATTRIBUTES)})
     THEN 'ignored' ELSE 'revised' END
"""
"""What `n` is to the held `h` that it is unlike."""

WITHIN_SPAN = "k.period_start BETWEEN c.first_start AND c.last_start"
WITHIN_ABSENCE = "(k.period_start >= c.absent_from AND k.period_end <= c.absent_to) IS TRUE"
"""Whether the observation `k` lies in what the coverage `c` gives, or must give for it not to be withdrawn."""

_TEMPORARY = ("named", "strand", "arrived", "covering")


class Arrival(NamedTuple):
    """How many vintages are news, and the first id of the series that came with them."""

    vintages: int
    new_from: int


def arrive(connection: duckdb.DuckDBPyConnection, staged: Staged, *, retrieved_at: datetime) -> Arrival:
    """Make the temporary relations."""
    new_from = identifying.number_series(connection, staged)
    _unroll(connection, staged, retrieved_at)
    identifying.refuse_undeclared_breaks(connection, staged)
    _refuse_duplicates(connection)
    _number_vintages(connection, staged)
    _cover(connection, staged)
    return Arrival(one(connection, "SELECT count(*) FROM arrived"), new_from)


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """The temporary relations go."""
    for relation in ("VIEW incoming", "VIEW reading", *(f"TABLE {table}" for table in _TEMPORARY)):
        connection.execute(f"DROP {relation}")


def silent(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The attributes that are null in all of `latest`: to read such a column takes longer than one of figures."""
    return vacant(connection, "FROM latest", [(name, "VARCHAR") for name in ATTRIBUTES])


def _unroll(connection: duckdb.DuckDBPyConnection, staged: Staged, retrieved_at: datetime) -> None:
    """`reading`: the files as they are. `strand`: their observations by file, series and word, in one pass.

    A file is known by its place among the files, a row by its place in the file.
    """
    files = ", ".join(literal(Path(name)) for name in staged.observations)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW reading AS
        SELECT * REPLACE (make_timestamp(epoch_us(released_at)) AS released_at),
               file_index AS file, file_row_number AS row,
               coalesce(make_timestamp(epoch_us(released_at)), TIMESTAMP '{retrieved_at}') AS known_at
        FROM read_parquet([{files}])
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE strand AS
        SELECT series_id, of_key.*, coalesce(released_at, TIMESTAMP '{retrieved_at}') AS known_at FROM named JOIN (
            SELECT series_key, file, released_at, action, count(*) AS given, min(row) AS first_row,
                   min(period_start) AS first_start, max(period_start) AS last_start,
                   sum(hash(series_key, period_start, period_end, {REST}, action)::HUGEINT) AS content
            FROM reading GROUP BY ALL
        ) AS of_key USING (series_key)
        """
    )


def _refuse_duplicates(connection: duckdb.DuckDBPyConnection) -> None:
    """Conforming has proven that no strand says anything twice; left are strands of one series that overlap."""
    row = connection.execute(
        """
        WITH overlapping AS (
            SELECT DISTINCT series_id FROM strand AS a JOIN strand AS b USING (series_id, known_at)
            WHERE (a.file, a.action, a.released_at IS NULL, a.series_key)
                  < (b.file, b.action, b.released_at IS NULL, b.series_key)
              AND a.first_start <= b.last_start AND b.first_start <= a.last_start
        )
        SELECT any_value(series_key), any_value(time_period), count(*)
        FROM reading JOIN named USING (series_key) SEMI JOIN overlapping USING (series_id)
        GROUP BY series_id, period_start, period_end, known_at HAVING count(*) > 1 LIMIT 1
        """
    ).fetchone()
    if row:
        raise ResponseMalformed(
            f"series {row[0]}, period {row[1]}",
            found=f"{row[2]} observations of one vintage",
            expected="one",
            next_step="look at the raw answers; two questions of the feed may overlap",
        )


def _number_vintages(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """The vintages of the reading, oldest first, without those that only repeat what is held of their instant."""
    declared = [str(bound) for bound in _absence(staged)]
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE arrived AS
        WITH given AS (
            SELECT known_at, max(released_at) AS released_at, sum(given)::BIGINT AS observations,
                   hash(sum(content), $declared) AS content
            FROM strand GROUP BY known_at
        ), held AS (
            SELECT known_at, arg_max(content, vintage_id) AS content
            FROM vintage WHERE feed_id = $feed GROUP BY known_at
        )
        SELECT (SELECT coalesce(max(vintage_id), 0) FROM vintage) + row_number() OVER (ORDER BY known_at) AS vintage_id,
               given.*
        FROM given LEFT JOIN held USING (known_at) WHERE given.content IS DISTINCT FROM held.content
        """,
        {"declared": declared, "feed": staged.feed_id},
    )


def _cover(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """`covering`, and `incoming`: what the vintages that are news give, by series id."""
    repeated = one(connection, "DELETE FROM strand WHERE known_at NOT IN (SELECT known_at FROM arrived)")
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE covering AS
        SELECT vintage_id, series_id,
               CASE WHEN bool_or(action = 'replace') THEN min(first_start) ELSE DATE '9999-12-31' END AS first_start,
               CASE WHEN bool_or(action = 'replace') THEN max(last_start) ELSE DATE '0001-01-01' END AS last_start,
               $absent_from::DATE AS absent_from, $absent_to::DATE AS absent_to, NULL::BOOLEAN AS sparse
        FROM strand JOIN arrived USING (known_at) GROUP BY vintage_id, series_id ORDER BY vintage_id, series_id
        """,
        dict(zip(("absent_from", "absent_to"), _absence(staged), strict=True)),
    )
    connection.execute(
        f"""
        INSERT INTO covering BY NAME
        SELECT DISTINCT vintage_id, o.series_id, {identifying.NOTHING_SPANNED}, {identifying.ALWAYS_ABSENT}
        FROM series AS s JOIN series AS o USING (feed_id, series_key)
        JOIN strand ON strand.series_id = s.series_id JOIN arrived USING (known_at)
        WHERE o.segment <> s.segment AND action = 'replace'
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW incoming AS
        SELECT series_id, time_period, period_start, period_end, {REST}, action, known_at
        FROM reading JOIN named USING (series_key)
        {"WHERE known_at IN (SELECT known_at FROM arrived)" if repeated else ""}
        """
    )


def _absence(staged: Staged) -> tuple[date | None, date | None]:
    """Between which days an observation that is not given is withdrawn; None if absence says nothing."""
    if not staged.absent_is_withdrawn:
        return None, None
    return staged.window_start or date.min, staged.window_end or date.max
