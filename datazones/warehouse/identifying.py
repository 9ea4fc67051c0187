"""Which series of the warehouse a reading speaks of: new ones, segments of known ones, and those with another key now.

Within a segment of a series unit, multiplier and base period are the same. Where the provider changes one of them, and
the feed declares it, the series goes on as its next segment; what is not declared is refused, so that figures of two
units never meet. At any instant one segment of a series is known: a vintage that gives one takes back all others,
which its coverage of them says, so that it holds in whatever order vintages come. A series that got another key stays
the series that it was (docs/adr/0016, 0017).
"""

from __future__ import annotations

import duckdb

from datazones.errors import StructureChanged
from datazones.model import Staged

_UNIT = ("unit_measure", "unit_mult", "base_per")
_ALIKE = " AND ".join(f"s.{name} IS NOT DISTINCT FROM a.{name}" for name in _UNIT)
NOTHING_SPANNED = "DATE '9999-12-31' AS first_start, DATE '0001-01-01' AS last_start"
ALWAYS_ABSENT = "DATE '0001-01-01' AS absent_from, DATE '9999-12-31' AS absent_to"
"""The coverage of a series that a vintage takes back whole."""


def number_series(connection: duckdb.DuckDBPyConnection, staged: Staged) -> int:
    """`named`: the number of every series of the reading; the first number that is new.

    New ones get the next numbers in the order they come, so that a series lies where it was read.
    """
    _take_in(connection, staged)
    _refuse_other_dimensions(connection, staged.feed_id)
    row = connection.execute("SELECT coalesce(max(series_id), 0) + 1 FROM series").fetchone()
    new_from = int(row[0]) if row else 1
    connection.execute(
        f"""
        INSERT INTO series BY NAME
        SELECT $new_from - 1 + row_number() OVER (ORDER BY place) AS series_id, $feed AS feed_id,
               a.* EXCLUDE (given_key, place, held),
               held + row_number() OVER (PARTITION BY series_key ORDER BY place) AS segment
        FROM (
            SELECT a.*, coalesce(held, 0) AS held FROM (
                FROM arriving AS a WHERE NOT EXISTS (
                    FROM series AS s WHERE s.feed_id = $feed AND s.series_key = a.series_key AND {_ALIKE})
            ) AS a
            LEFT JOIN (SELECT series_key, max(segment) AS held FROM series WHERE feed_id = $feed GROUP BY series_key)
            USING (series_key)
            QUALIFY row_number() OVER (PARTITION BY series_key, {", ".join(_UNIT)} ORDER BY place) = 1
        ) AS a
        """,
        {"new_from": new_from, "feed": staged.feed_id},
    )
    connection.execute(
        f"""
        INSERT INTO coverage BY NAME
        SELECT DISTINCT c.vintage_id, n.series_id, {NOTHING_SPANNED}, {ALWAYS_ABSENT}
        FROM series AS n JOIN series AS o USING (feed_id, series_key) JOIN coverage AS c ON c.series_id = o.series_id
        WHERE n.series_id >= {new_from} AND n.segment > 1 AND o.segment < n.segment AND c.first_start <= c.last_start
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE named AS
        SELECT s.series_id, a.given_key AS series_key
        FROM arriving AS a JOIN series AS s ON s.feed_id = ? AND s.series_key = a.series_key AND {_ALIKE}
        """,
        [staged.feed_id],
    )
    connection.execute("DROP TABLE arriving")
    return new_from


def refuse_undeclared_breaks(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """StructureChanged where a vintage, new or held, gives a series in another unit than is declared for its instant.

    Between two declared breaks a series has one unit, after a break it has what the break says, and before the first
    one it has something else; what no break names stays the same for ever.
    """
    broken = "SELECT count(*) FROM series WHERE feed_id = ? AND segment > 1"
    if not staged.breaks and connection.execute(broken, [staged.feed_id]).fetchone() == (0,):
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE declared_break (series VARCHAR, since TIMESTAMP, unit_measure VARCHAR, "
        "unit_mult SMALLINT, base_per VARCHAR)"
    )
    if staged.breaks:
        connection.executemany("INSERT INTO declared_break VALUES (?, ?, ?, ?, ?)", [list(b) for b in staged.breaks])
    agrees = " AND ".join(f"coalesce({{0}}.{name} = s.{name}, {{0}}.{name} IS NULL)" for name in _UNIT)
    stays = " OR ".join(f"(s.{name} IS DISTINCT FROM o.{name} AND NOT coalesce(names_{name}, FALSE))" for name in _UNIT)
    row = connection.execute(
        f"""
        WITH looked_at AS (
            SELECT s.* FROM series AS s SEMI JOIN (FROM series SEMI JOIN named USING (series_id)) USING (series_key)
            WHERE feed_id = $feed AND (
                EXISTS (FROM declared_break AS b WHERE s.series_key GLOB b.series)
                OR series_key IN (SELECT series_key FROM series WHERE feed_id = $feed AND segment > 1))
        ), spoken AS (
            SELECT DISTINCT series_id, known_at FROM strand
            UNION SELECT series_id, known_at
            FROM coverage SEMI JOIN looked_at USING (series_id) JOIN vintage USING (vintage_id)
            WHERE first_start <= last_start
        ), told AS (
            SELECT s.*, known_at,
                   (SELECT arg_max(b, b.since) FROM declared_break AS b
                    WHERE s.series_key GLOB b.series AND b.since <= known_at) AS begun,
                   (SELECT arg_min(b, b.since) FROM declared_break AS b
                    WHERE s.series_key GLOB b.series AND b.since > known_at) AS coming
            FROM looked_at AS s JOIN spoken USING (series_id)
        ), change AS (
            SELECT k.series_key, {", ".join(f"bool_or(b.{name} IS NOT NULL) AS names_{name}" for name in _UNIT)}
            FROM (SELECT DISTINCT series_key FROM looked_at) AS k JOIN declared_break AS b ON k.series_key GLOB b.series
            GROUP BY k.series_key
        )
        SELECT s.series_key, s.known_at, concat_ws(' ', s.unit_measure, s.unit_mult, s.base_per),
               coalesce(concat_ws(' ', o.unit_measure, o.unit_mult, o.base_per),
                        concat_ws(' ', 'declared', s.begun.unit_measure, s.begun.unit_mult, s.begun.base_per))
        FROM told AS s LEFT JOIN change USING (series_key)
        LEFT JOIN told AS o ON o.series_key = s.series_key AND o.series_id <> s.series_id
             AND (({stays}) OR o.begun IS NOT DISTINCT FROM s.begun)
        WHERE o.series_id IS NOT NULL OR NOT ({agrees.format("s.begun")})
              OR (s.begun IS NULL AND s.coming IS NOT NULL AND {agrees.format("s.coming")})
        ORDER BY s.series_id DESC, s.known_at DESC, s.series_key LIMIT 1
        """,
        {"feed": staged.feed_id},
    ).fetchone()
    connection.execute("DROP TABLE declared_break")
    if row:
        raise _other_meaning(staged.feed_id, row[0], f"unit, multiplier and base {row[2]!r} at {row[1]}", repr(row[3]))


def _take_in(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """`arriving`: the series of the reading under the keys they have now. What is held gets those keys, too."""
    connection.execute("CREATE OR REPLACE TEMP TABLE renamed (given_key VARCHAR, now_key VARCHAR)")
    if staged.renames:
        connection.executemany("INSERT INTO renamed VALUES (?, ?)", [list(pair) for pair in staged.renames.items()])
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE arriving AS
        SELECT coalesce(now_key, given_key) AS series_key, a.*
        FROM (SELECT * EXCLUDE (series_key), series_key AS given_key, row_number() OVER () AS place
              FROM read_parquet(?)) AS a LEFT JOIN renamed USING (given_key)
        """,
        [list(staged.series)],
    )
    if staged.renames:
        _rename_held(connection, staged.feed_id)


def _rename_held(connection: duckdb.DuckDBPyConnection, feed_id: str) -> None:
    row = connection.execute(
        "SELECT o.series_key, n.series_key FROM renamed JOIN series AS o ON o.series_key = given_key "
        "JOIN series AS n ON n.series_key = now_key WHERE o.feed_id = $feed AND n.feed_id = $feed LIMIT 1",
        {"feed": feed_id},
    ).fetchone()
    if row:
        raise StructureChanged(
            f"{feed_id}, series {row[1]}",
            found=f"a series that is held beside {row[0]}, of which it is declared the new key",
            expected="a rename that is declared before the new key is loaded",
            next_step="`datazones rebuild ZONE --reread REASON` reads all that was landed as declared today",
        )
    for table in ("series", "quarantine", "restated"):
        connection.execute(
            f"UPDATE {table} SET series_key = now_key FROM renamed WHERE feed_id = ? AND series_key = given_key",
            [feed_id],
        )
    connection.execute(
        "UPDATE series SET dimensions = a.dimensions, ref_area = a.ref_area FROM arriving AS a "
        "WHERE feed_id = ? AND series.series_key = a.given_key AND series.dimensions <> a.dimensions "
        "AND a.given_key IN (SELECT now_key FROM renamed)",
        [feed_id],
    )


def _refuse_other_dimensions(connection: duckdb.DuckDBPyConnection, feed_id: str) -> None:
    """A dimension that changes under a series key would mix what does not compare; a renamed series may have others."""
    row = connection.execute(
        """
        SELECT s.series_key, a.dimensions, s.dimensions
        FROM arriving AS a JOIN series AS s USING (series_key)
        WHERE s.feed_id = ? AND s.dimensions <> a.dimensions AND series_key NOT IN (SELECT now_key FROM renamed)
        LIMIT 1
        """,
        [feed_id],
    ).fetchone()
    connection.execute("DROP TABLE renamed")
    if row:
        raise _other_meaning(feed_id, row[0], f"dimensions {row[1]!r}", repr(row[2]))


def _other_meaning(feed_id: str, series_key: str, found: str, expected: str) -> StructureChanged:
    return StructureChanged(
        f"{feed_id}, series {series_key}",
        found=found,
        expected=f"{expected}, as held",
        next_step="if the provider changed it, declare a break in the feed; figures of two units are never mixed",
    )
