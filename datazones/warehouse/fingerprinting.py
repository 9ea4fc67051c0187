"""What the rows of a table say, in one number that does not depend on their order: whole, and by feed and year.

The number is the count, the exclusive or and the sum of DuckDB's hash of each row: a hundred million rows a few
seconds, one row more or less is an addition. DuckDB has hashed alike since 1.4; a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import duckdb

from datazones.errors import WarehouseDamaged
from datazones.model import Table
from datazones.warehouse import schema
from datazones.warehouse.connecting import one

CUT = ("latest", "superseded")
"""The tables that hold figures: what they say is told by feed and year of the period."""

_ALL = 1 << 128

Place = tuple[str, int] | None
"""A feed and a year; None: the table as a whole."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of some rows."""

    rows: int = 0
    mixed: int = 0
    total: int = 0

    def __add__(self, other: Fingerprint) -> Fingerprint:
        return Fingerprint(self.rows + other.rows, self.mixed ^ other.mixed, (self.total + other.total) % _ALL)

    def __sub__(self, other: Fingerprint) -> Fingerprint:
        return Fingerprint(self.rows - other.rows, self.mixed ^ other.mixed, (self.total - other.total) % _ALL)

    @classmethod
    def of(cls, several: Iterable[Fingerprint]) -> Fingerprint:
        """Of all these rows together."""
        return sum(several, cls())


@dataclass(frozen=True, slots=True)
class Content:
    """A table: its columns with their types, the fingerprints of its rows by place, and the columns without a value."""

    name: str
    columns: tuple[tuple[str, str], ...]
    places: Mapping[Place, Fingerprint]
    vacant: frozenset[str] = frozenset()

    @property
    def whole(self) -> Fingerprint:
        return Fingerprint.of(self.places.values())

    @property
    def rows(self) -> int:
        return self.whole.rows

    def digest(self, of: Fingerprint | None = None) -> str:
        """Of the whole table, or of some of its rows: the same for the same rows whoever built the file."""
        found = of or self.whole
        names = [name for name, _ in self.columns]
        return sha256(f"{self.name} {names} {found.rows} {found.mixed} {found.total}".encode()).hexdigest()

    def table(self) -> Table:
        """As a manifest names it."""
        return Table(self.name, self.rows, self.digest(), self.columns)


def contents(
    connection: duckdb.DuckDBPyConnection, database: str, tables: Sequence[str] = schema.PUBLISHED
) -> dict[str, Content]:
    """These tables of an attached database: every published one, unless others are named."""
    return {name: _content(connection, database, name) for name in tables}


def whole(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, Fingerprint]:
    """Every published table of an attached database, without telling feeds and years apart. Every column of every row
    is read, and nothing taken from what the file notes of itself."""
    return {name: fingerprint(connection, f"{database}.{name}") for name in schema.PUBLISHED}


def fingerprint(connection: duckdb.DuckDBPyConnection, table: str) -> Fingerprint:
    """Of all rows of a table, with every column read."""
    hashed = row_hash(name for name, _ in columns_of(connection, table))
    row = connection.execute(f"SELECT {_FIGURES} FROM (SELECT {hashed} AS h FROM {table})").fetchone()
    return _fingerprint(*(row or ()))


def row_hash(columns: Iterable[str], vacant: Container[str] = ()) -> str:
    """The hash of a row, as SQL. It is the same when columns that are `vacant` are not read for it."""
    return f"hash({', '.join('NULL::VARCHAR' if name in vacant else name for name in columns)})"


def vacant(connection: duckdb.DuckDBPyConnection, rows: str, columns: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The columns of text in which these rows (`FROM ...`) have nothing, as many have: to carry them is half the work.
    To ask is none: what the file notes of its blocks answers it, or the first row that has something."""
    asked = (name for name, kind in columns if kind == "VARCHAR")
    return frozenset(
        name
        for name in asked
        if connection.execute(f"SELECT EXISTS (FROM ({rows}) WHERE {name} IS NOT NULL)").fetchone() == (False,)
    )


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[tuple[str, str], ...]:
    """Names and types, in order."""
    return tuple((name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall())


_FIGURES = (
    "count(*), coalesce(bit_xor(h), 0), coalesce(sum((h >> 32)::BIGINT), 0), coalesce(sum((h & 4294967295)::BIGINT), 0)"
)
"""Of hashes `h`, their sum in two halves: DuckDB adds up wider numbers more slowly."""


def _fingerprint(rows: int, mixed: int, high: int, low: int) -> Fingerprint:
    return Fingerprint(rows, mixed, (high << 32) + low)


def _content(connection: duckdb.DuckDBPyConnection, database: str, name: str) -> Content:
    table = f"{database}.{name}"
    columns = columns_of(connection, table)
    if name not in CUT:
        return Content(name, columns, {None: fingerprint(connection, table)})
    empty = vacant(connection, f"FROM {table}", columns)
    hashed = row_hash((column for column, _ in columns), empty)
    named = connection.execute(f"SELECT DISTINCT feed_id FROM {database}.series ORDER BY ALL").fetchall()
    feeds = [feed_id for (feed_id,) in named]
    numbered = f"SELECT series_id, dense_rank() OVER (ORDER BY feed_id)::USMALLINT AS feed FROM {database}.series"
    rows = connection.execute(
        f"SELECT feed, year(period_start), {_FIGURES} "
        f"FROM (SELECT series_id, period_start, {hashed} AS h FROM {table}) JOIN ({numbered}) USING (series_id) "
        "GROUP BY ALL"
    ).fetchall()
    places: dict[Place, Fingerprint] = {
        (feeds[feed - 1], year): _fingerprint(*figures) for feed, year, *figures in rows
    }
    content = Content(name, columns, places, empty)
    if one(connection, f"SELECT count(*) FROM {table}") != content.rows:
        raise WarehouseDamaged(
            table,
            found="figures of a series that is not described",
            expected="every series_id in the table series",
            next_step="`datazones rebuild ZONE` makes the zone again from its raw answers",
        )
    return content
