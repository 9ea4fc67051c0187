"""The figures of a candidate as Parquet files, for readers without DuckDB: the same rows give the same bytes.

A table is one file while it is small. A larger one is cut by feed, and a large feed by decade or year of the period,
so that what a new vintage brings changes few files and a reader of few years opens few. Within a file rows lie as in
the table: by series and period.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from shutil import rmtree

import duckdb

from datazones.model import Part
from datazones.warehouse import schema
from datazones.warehouse.connecting import Limits, literal, opened

WHOLE = ("feed", "series", "vintage")
CUT = ("latest", "superseded")
"""The tables that hold figures, and those without which they say nothing."""

SPANS = ((1 << 20, 1), (1 << 17, 10))
"""From so many rows of a feed in a table on, a file spans so many years."""

SMALL = 1 << 16
"""A table of fewer rows is one file, whatever is in it."""


def write_parts(candidate: Path, into: Path, limits: Limits) -> tuple[Part, ...]:
    """The Parquet files of a candidate in the folder `into`, which is emptied first; a table without rows has none.

    Names are those of a Hive-partitioned data set: `latest/feed_id=gdp/decade=2010/part.parquet`.
    """
    rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    with opened(candidate, limits, read_only=True, reach=[into]) as connection:
        parts = (_part(connection, into, *cut) for cut in _cuts(connection))
        return tuple(part for part in parts if part.rows)


Cut = tuple[str, str, str]
"""A table, the name of a file of it, and the query for its rows."""


def _cuts(connection: duckdb.DuckDBPyConnection) -> Iterator[Cut]:
    for table in WHOLE:
        yield table, f"{table}.parquet", f"FROM {table}"
    for table in CUT:
        rows = connection.execute(
            f"SELECT feed_id, count(*), min(year(period_start)), max(year(period_start)) "
            f"FROM {table} JOIN series USING (series_id) GROUP BY feed_id ORDER BY feed_id"
        ).fetchall()
        if sum(row[1] for row in rows) < SMALL:
            yield table, f"{table}.parquet", f"FROM {table}"
        else:
            connection.execute(_GATHERED.format(table=table))
            for feed_id, count, first, last in rows:
                yield from _of_feed(table, feed_id, count, first, last)


_GATHERED = """
CREATE TEMP TABLE gathered_{table} AS
SELECT t.*, feed_id AS cut_feed, year(period_start) AS cut_year FROM {table} AS t JOIN series USING (series_id)
ORDER BY cut_feed, cut_year
"""
"""The rows of each file side by side, so that writing one does not read them all."""


def _of_feed(table: str, feed_id: str, count: int, first: int, last: int) -> Iterator[Cut]:
    name, rows = f"{table}/feed_id={feed_id}", f"SELECT * EXCLUDE (cut_feed, cut_year) FROM gathered_{table}"
    mine = f"cut_feed = {literal(feed_id)}"
    span = next((years for rows_of_feed, years in SPANS if count >= rows_of_feed), None)
    if span is None:
        yield table, f"{name}/part.parquet", f"{rows} WHERE {mine}"
        return
    word = {1: "year", 10: "decade"}[span]
    for start in range(first // span * span, last + 1, span):
        within = f"cut_year BETWEEN {start} AND {start + span - 1}"
        yield table, f"{name}/{word}={start}/part.parquet", f"{rows} WHERE {mine} AND {within}"


def _part(connection: duckdb.DuckDBPyConnection, into: Path, table: str, name: str, rows: str) -> Part:
    path = into / name
    path.parent.mkdir(parents=True, exist_ok=True)
    order = schema.SORTED_BY.get(table, "ALL")
    written = connection.execute(
        f"COPY ({rows} ORDER BY {order}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    with path.open("rb") as built:
        digest = file_digest(built, "sha256").hexdigest()
    return Part(name, str(path), path.stat().st_size, digest, table, int(written[0]) if written else 0)
