"""From a working copy to a candidate: compact, sorted, in a pinned storage version, re-opened and counted."""

from __future__ import annotations

from datetime import UTC
from hashlib import sha256
from pathlib import Path

import duckdb

from datazones.errors import WarehouseDamaged
from datazones.model import HeldFeed, Table
from datazones.warehouse import schema
from datazones.warehouse.connecting import Limits, literal, opened

STORAGE_VERSION = "v1.2.0"
"""Of published files: DuckDB 1.2.2 and every later reader opens them."""


def export(working: Path, into: Path, limits: Limits) -> tuple[Table, ...]:
    """Write the working copy's tables to a new file; the tables as they are found in it on a second opening."""
    into.parent.mkdir(parents=True, exist_ok=True)
    into.unlink(missing_ok=True)
    with opened(None, limits, reach=[working.parent, into.parent]) as connection:
        connection.execute(f"ATTACH {literal(working)} AS held (READ_ONLY)")
        connection.execute(f"ATTACH {literal(into)} AS candidate (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE candidate")
        schema.create(connection)
        schema.explain(connection)
        for table in schema.PUBLISHED:
            order = schema.SORTED_BY.get(table, "ALL")
            connection.execute(f"INSERT INTO {table} SELECT * FROM held.{table} ORDER BY {order}")
        connection.execute("CHECKPOINT candidate")
        expected = {table: _rows(connection, f"held.{table}") for table in schema.PUBLISHED}
        connection.execute("USE memory")
        connection.execute("DETACH candidate")
    return _examined(into, expected, limits)


def content(path: Path, limits: Limits) -> tuple[Table, ...]:
    """The tables of a warehouse file as a manifest names them: rows, and a digest of what they say."""
    with opened(path, limits, read_only=True) as connection:
        return tuple(_table(connection, name) for name in schema.PUBLISHED)


def held_feeds(path: Path, limits: Limits) -> tuple[HeldFeed, ...]:
    """The feeds of a candidate, as its manifest names them."""
    with opened(path, limits, read_only=True) as connection:
        rows = connection.execute(
            "SELECT feed.feed_id, agency_id, dataflow_id, licence, attribution, terms, count(vintage_id), "
            "max(known_at) FROM feed LEFT JOIN vintage USING (feed_id) GROUP BY ALL ORDER BY feed.feed_id"
        ).fetchall()
    return tuple(
        HeldFeed(
            *(feed_id, agency_id, dataflow_id, licence, attribution, vintages),
            known_at and known_at.replace(tzinfo=UTC),
            terms,
        )
        for feed_id, agency_id, dataflow_id, licence, attribution, terms, vintages, known_at in rows
    )


def _examined(path: Path, expected: dict[str, int], limits: Limits) -> tuple[Table, ...]:
    tables = content(path, limits)
    found = {table.name: table.rows for table in tables}
    if found != expected:
        raise WarehouseDamaged(
            str(path),
            found=f"rows {found}",
            expected=f"{expected}",
            next_step="look at the disk; nothing was published",
        )
    return tables


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _table(connection: duckdb.DuckDBPyConnection, table: str) -> Table:
    """A table as it is found. The digest of its content is independent of order, file and DuckDB version."""
    described = tuple((name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall())
    columns = [name for name, _ in described]
    cells = ", ".join(f"""coalesce(CAST("{name}" AS VARCHAR), chr(1))""" for name in columns)
    row = connection.execute(
        f"WITH hashed AS (SELECT md5_number(concat_ws(chr(31), {cells})) AS h FROM {table}) "
        "SELECT count(*), bit_xor(h), sum((h & 9223372036854775807::UHUGEINT)::HUGEINT) FROM hashed"
    ).fetchone()
    count, mixed, total = row if row else (0, None, None)
    digest = sha256(f"{table} {columns} {count} {mixed} {total}".encode()).hexdigest()
    return Table(table, int(count), digest, described)
