"""A candidate as a changed copy of the published file: what one observation in a hundred brings costs little more.

What has changed is found by what parts and tables say, never by what somebody remembers to have changed: rows of parts
that say the same are left alone, the others are compared row by row. Rows that are new lie at the end of their table,
out of their place; when they become many the file is written as a whole again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from shutil import copyfile

import duckdb

from datazones.model import Base
from datazones.warehouse import schema
from datazones.warehouse.connecting import literal
from datazones.warehouse.fingerprinting import Content, row_hash, vacant
from datazones.warehouse.parting import between, cuts


@dataclass(frozen=True, slots=True)
class Changed:
    """How a copy was changed: so many rows lie out of their place. `rows` names, by table, a query for all rows of the
    parts that say something else than before: they were gathered already."""

    loose: int
    rows: Mapping[str, str]


WORTHWHILE = 1 << 18
"""A zone of fewer figures is written as a whole: that takes no longer."""

LOOSE_SHARE = 0.1
"""More rows than this out of their place, and a reader of one series would notice."""


def change(
    connection: duckdb.DuckDBPyConnection, base: Base, held: Mapping[str, Content], into: Path, storage_version: str
) -> Changed | None:
    """Make `into` of the base so that it says what `held` says; None if it was not done.

    It is not done where it would not help: few rows, too many of them changed, or a base that is not what its manifest
    promises.
    """
    rows = sum(content.rows for content in held.values())
    if rows < WORTHWHILE or _copied(base.path, into) != base.digest:
        return None
    changed = [held[table.name] for table in base.tables if table.digest != held[table.name].digest()]
    connection.execute(f"ATTACH {literal(base.path)} AS base (READ_ONLY)")
    loose = base.loose + sum(_compared(connection, content, base) for content in changed if _keys(content))
    connection.execute("DETACH base")
    worthwhile = loose <= rows * LOOSE_SHARE
    if not worthwhile:
        return None
    _apply(connection, changed, into, storage_version)
    return Changed(
        loose, {content.name: f"SELECT * EXCLUDE (h) FROM now_{content.name}" for content in changed if _keys(content)}
    )


def _copied(path: Path, into: Path) -> str | None:
    """The sha256 of the copy; None if there is nothing to copy."""
    if not path.exists():
        return None
    copyfile(path, into)
    with into.open("rb") as copy:
        return file_digest(copy, "sha256").hexdigest()


def _keys(content: Content) -> list[str]:
    """What tells the rows of a table from one another; none where all of it is replaced."""
    return schema.SORTED_BY[content.name].split(", ") if content.name in schema.SORTED_BY else []


def _compared(connection: duckdb.DuckDBPyConnection, content: Content, base: Base) -> int:
    """How many rows the base has not. They are in `fresh_…`, in `stale_…` those that are no longer so, and in `now_…`
    all of the years in which there are any."""
    table, keys = content.name, ", ".join(_keys(content))
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
            f"CREATE TABLE {made}_{table} AS SELECT * EXCLUDE (h) FROM {of}_{table} "
            f"ANTI JOIN {beside}_{table} USING ({keys}, h) ORDER BY {keys}"
        )
    (fresh,) = connection.execute(f"SELECT count(*) FROM fresh_{table}").fetchone() or (0,)
    return int(fresh)


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


def _apply(connection: duckdb.DuckDBPyConnection, changed: Sequence[Content], into: Path, storage_version: str) -> None:
    connection.execute(f"ATTACH {literal(into)} AS candidate (STORAGE_VERSION '{storage_version}')")
    connection.execute("BEGIN")
    for content in changed:
        table, keys = content.name, _keys(content)
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
