"""A candidate as a changed copy of the published file: what one observation in a hundred brings costs little more.

What has changed is what newer vintages brought and took back, where what was published before is exactly what is held
without that: fingerprints add up, so that this can be told without looking at the published file. Where it is not,
tables are compared row by row, in the years whose parts say something else. Rows that are new lie at the end of their
table, out of their place; when they become many the file is written as a whole again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import duckdb

from datazones.model import Base
from datazones.warehouse import schema
from datazones.warehouse.connecting import literal, one
from datazones.warehouse.fingerprinting import Content, fingerprint, row_hash, vacant
from datazones.warehouse.parting import between, cuts, sha256_of

WORTHWHILE = 1 << 18
"""A zone of fewer figures is written as a whole: that takes no longer."""

LOOSE_SHARE = 0.1
"""More rows than this out of their place, and a reader of one series would notice."""

BROUGHT_BY = {
    "vintage": "vintage_id",
    "latest": "vintage_id",
    "superseded": "superseded_by",
    "coverage": "vintage_id",
    "sighting": "vintage_id",
}
"""The column that names the vintage with which a row came into its table."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The tables in which a base says something else than is held, and how many rows will lie out of their place. The
    rows that it lacks are in `fresh_TABLE`, those that are no longer so in `stale_TABLE`."""

    contents: tuple[Content, ...]
    loose: int


def copied(base: Base | None, into: Path) -> Base | None:
    """The base, if there is one worth changing and `into` is now a copy of it, as its manifest promises it."""
    if base is None or sum(table.rows for table in base.tables) < WORTHWHILE or not base.path.exists():
        return None
    copyfile(base.path, into)
    return base if sha256_of(into) == base.digest else None


def find(connection: duckdb.DuckDBPyConnection, base: Base, held: Mapping[str, Content]) -> Changes | None:
    """What the base lacks of what is held; None where too many rows of a changed copy would lie out of their place."""
    before = {table.name: table.digest for table in base.tables}
    changed = tuple(held[name] for name, digest in before.items() if digest != held[name].digest())
    connection.execute(f"ATTACH {literal(base.path)} AS base (READ_ONLY)")
    since = one(connection, "SELECT coalesce(max(vintage_id), 0) FROM base.vintage")
    loose = base.loose
    for content in changed:
        if schema.keys_of(content.name):
            if not _by_vintage(connection, content, since, before[content.name]):
                _by_row(connection, content, base)
            loose += one(connection, f"SELECT count(*) FROM fresh_{content.name}")
    connection.execute("DETACH base")
    rows = sum(content.rows for content in held.values())
    return Changes(changed, loose) if loose <= rows * LOOSE_SHARE else None


def apply(connection: duckdb.DuckDBPyConnection, changes: Changes, into: Path, storage_version: str) -> None:
    """Let the copy say what is held."""
    connection.execute(f"ATTACH {literal(into)} AS candidate (STORAGE_VERSION '{storage_version}')")
    connection.execute("BEGIN")
    for content in changes.contents:
        table, keys = content.name, schema.keys_of(content.name)
        if keys:
            same = " AND ".join(f"t.{key} = s.{key}" for key in keys)
            connection.execute(f"DELETE FROM candidate.{table} AS t USING stale_{table} AS s WHERE {same}")
            connection.execute(f"INSERT INTO candidate.{table} FROM fresh_{table}")
        else:
            connection.execute(f"DELETE FROM candidate.{table}")
            connection.execute(f"INSERT INTO candidate.{table} FROM held.{table} ORDER BY ALL")
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT candidate")
    connection.execute("DETACH candidate")


def _by_vintage(connection: duckdb.DuckDBPyConnection, content: Content, since: int, before: str) -> bool:
    """Whether what came with vintages after `since` is all that tells the table from the one with the digest `before`.

    What they took back from `latest` is in `superseded`, with all that it said.
    """
    table, keys = content.name, ", ".join(schema.keys_of(content.name))
    if table not in BROUGHT_BY:
        return False
    taken = f"FROM held.superseded WHERE superseded_by > {since} AND vintage_id <= {since}"
    for name, columns, rows in (
        ("fresh", _all(content), f"FROM held.{table} WHERE {BROUGHT_BY[table]} > {since} ORDER BY {keys}"),
        ("stale", _names(content), taken if table == "latest" else f"FROM held.{table} LIMIT 0"),
    ):
        connection.execute(f"CREATE OR REPLACE TABLE {name}_{table} AS SELECT {columns} {rows}")
    fresh, stale = (fingerprint(connection, f"{name}_{table}") for name in ("fresh", "stale"))
    return content.digest(content.whole - fresh + stale) == before


def _by_row(connection: duckdb.DuckDBPyConnection, content: Content, base: Base) -> None:
    """What is fresh and what is stale, by comparing all rows of the years in which there is any."""
    table, keys = content.name, ", ".join(schema.keys_of(content.name))
    years = _years(base, content)
    within = f"WHERE {between(years)}" if years else ""
    for name, database, columns, empty in (
        ("now", "held", _all(content), content.vacant),
        ("before", "base", keys, vacant(connection, f"FROM base.{table}", content.columns)),
    ):
        hashed = row_hash((name for name, _ in content.columns), empty)
        connection.execute(
            f"CREATE TABLE {name}_{table} AS SELECT {columns}, {hashed} AS h FROM {database}.{table} {within}"
        )
    for made, of, beside in (("fresh", "now", "before"), ("stale", "before", "now")):
        connection.execute(
            f"CREATE OR REPLACE TABLE {made}_{table} AS SELECT * EXCLUDE (h) FROM {of}_{table} "
            f"ANTI JOIN {beside}_{table} USING ({keys}, h) ORDER BY {keys}"
        )


def _names(content: Content) -> str:
    return ", ".join(name for name, _ in content.columns)


def _all(content: Content) -> str:
    """The columns of a table, as SQL, without reading those that have nothing."""
    return ", ".join(f"NULL::VARCHAR AS {name}" if name in content.vacant else name for name, _ in content.columns)


def _years(base: Base, content: Content) -> tuple[int, int] | None:
    """The first and the last year in which figures have changed; None where their parts do not tell."""
    before = {part.name: part.content for part in base.parts if part.table == content.name}
    now = {cut.name: (cut.years, content.digest(found)) for cut, found in cuts(content)}
    spans = [years for name, (years, digest) in now.items() if before.get(name) != digest]
    known = [years for years in spans if years]
    if not spans or len(known) < len(spans) or set(before) - set(now):
        return None
    return min(first for first, _ in known), max(last for _, last in known)
