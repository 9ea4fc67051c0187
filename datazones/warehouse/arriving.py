"""A staged reading as temporary tables: `incoming` observations by series id, and the vintages they `arrived` in.

`covering` is what each of them says by its mere extent: which series it holds, from which period to which, and where
in them absence means withdrawal. Of several vintages at one instant the one that was loaded last holds; one that
says the same as that is no news and leaves no trace.
"""

from __future__ import annotations

from datetime import date, datetime

import duckdb

from datazones.errors import ResponseMalformed, StructureChanged
from datazones.model import Staged

KEY = "series_id, period_start, period_end"
ATTRIBUTES = ("obs_status", "conf_status", "comment_obs", "obs_attributes")
REST = ", ".join(("obs_value", *ATTRIBUTES))
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

_TEMPORARY = ("incoming", "arrived", "covering")


def arrive(connection: duckdb.DuckDBPyConnection, staged: Staged, *, retrieved_at: datetime) -> int:
    """Make the temporary tables; the number of vintages that are news."""
    _number_series(connection, staged)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT s.series_id, time_period, period_start, period_end, {REST}, action,
               coalesce(released_at::TIMESTAMP, $retrieved_at) AS known_at, released_at::TIMESTAMP AS released_at
        FROM read_parquet($files) AS o JOIN series AS s ON s.feed_id = $feed AND s.series_key = o.series_key
        """,
        {"retrieved_at": retrieved_at, "files": list(staged.observations), "feed": staged.feed_id},
    )
    _refuse_duplicates(connection)
    _number_vintages(connection, staged)
    _cover(connection, staged)
    row = connection.execute("SELECT count(*) FROM arrived").fetchone()
    return int(row[0]) if row else 0


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """The temporary tables go."""
    for table in _TEMPORARY:
        connection.execute(f"DROP TABLE {table}")


def _number_series(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """New series get the next numbers in the order of their keys."""
    connection.execute("CREATE OR REPLACE TEMP TABLE arriving AS SELECT * FROM read_parquet(?)", [list(staged.series)])
    _refuse_other_units(connection, staged.feed_id)
    connection.execute(
        "INSERT INTO series BY NAME SELECT (SELECT coalesce(max(series_id), 0) FROM series) "
        "+ row_number() OVER (ORDER BY series_key) AS series_id, ? AS feed_id, * FROM arriving AS a "
        "WHERE NOT EXISTS (FROM series AS s WHERE s.feed_id = ? AND s.series_key = a.series_key)",
        [staged.feed_id, staged.feed_id],
    )
    connection.execute("DROP TABLE arriving")


def _refuse_other_units(connection: duckdb.DuckDBPyConnection, feed_id: str) -> None:
    """A base period or unit that changes under a series key would mix figures that do not compare."""
    row = connection.execute(
        """
        SELECT series_key, concat_ws(' ', s.unit_measure, s.unit_mult, s.base_per),
               concat_ws(' ', a.unit_measure, a.unit_mult, a.base_per)
        FROM arriving AS a JOIN series AS s USING (series_key)
        WHERE s.feed_id = ? AND (s.unit_measure, s.unit_mult, s.base_per)
              IS DISTINCT FROM (a.unit_measure, a.unit_mult, a.base_per)
        LIMIT 1
        """,
        [feed_id],
    ).fetchone()
    if row:
        raise StructureChanged(
            f"{feed_id}, series {row[0]}",
            found=f"unit, multiplier and base {row[2]!r}",
            expected=f"{row[1]!r}, as held",
            next_step="if the provider restated the series, declare it; figures of two units are never mixed",
        )


def _refuse_duplicates(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        f"SELECT any_value(time_period), series_id, count(*) FROM incoming GROUP BY {KEY}, known_at "
        "HAVING count(*) > 1 LIMIT 1"
    ).fetchone()
    if row:
        raise ResponseMalformed(
            f"series {row[1]}, period {row[0]}",
            found=f"{row[2]} observations of one vintage",
            expected="one",
            next_step="look at the raw answers; two questions of the feed may overlap",
        )


def _number_vintages(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """The vintages of the reading, oldest first, without those that only repeat what is held of their instant."""
    declared = [str(bound) for bound in _absence(staged)]
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE arrived AS
        WITH given AS (
            SELECT known_at, max(released_at) AS released_at, count(*) AS observations,
                   hash(sum(hash({KEY}, {REST}, action)::HUGEINT), $declared) AS content
            FROM incoming GROUP BY known_at
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
    connection.execute("DELETE FROM incoming WHERE known_at NOT IN (SELECT known_at FROM arrived)")


def _cover(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE covering AS
        SELECT vintage_id, series_id, min(period_start) AS first_start, max(period_start) AS last_start,
               $absent_from::DATE AS absent_from, $absent_to::DATE AS absent_to
        FROM incoming JOIN arrived USING (known_at) GROUP BY vintage_id, series_id
        """,
        dict(zip(("absent_from", "absent_to"), _absence(staged), strict=True)),
    )


def _absence(staged: Staged) -> tuple[date | None, date | None]:
    """Between which days an observation that is not given is withdrawn; None if absence says nothing."""
    if not staged.absent_is_withdrawn:
        return None, None
    return staged.window_start or date.min, staged.window_end or date.max
