"""Files of earlier layouts are brought to today's on a copy; files of later ones are refused.

Since script 0006 a file says its number. One that does not is of the layout whose tables, columns and macros it has.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import duckdb

from datazones.errors import WarehouseDamaged, WarehouseNewer
from datazones.warehouse import schema
from datazones.warehouse.connecting import Limits, opened

Shape = frozenset[tuple[str, str]]

_NEVER_PUBLISHED = "working"


def outdated(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether the file in use has an earlier layout than today's; WarehouseNewer if it has a later one."""
    number = number_of(connection, path)
    if number > schema.newest():
        raise WarehouseNewer(
            str(path),
            found=f"a warehouse of layout {number}",
            expected=f"at most {schema.newest()}, the newest this Datazones knows",
            next_step="upgrade Datazones on this machine; the file was not touched",
        )
    return number < schema.newest()


def number_of(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The layout of the database in use; WarehouseDamaged if it is none that ever was."""
    told = _told(connection)
    if told:
        return told
    found = _shape(connection)
    for number, shape in _shapes().items():
        if shape == found:
            return number
    raise WarehouseDamaged(
        str(path),
        found=f"tables of no layout: {sorted({table for table, _ in found})}",
        expected="a warehouse that Datazones made",
        next_step="move the file away; the next run builds it again from the published snapshot",
    )


def _told(connection: duckdb.DuckDBPyConnection) -> int:
    """The number that the file says itself; 0 if it says none. Asked first: a shape takes ten times as long to see."""
    try:
        row = connection.execute("SELECT max(number) FROM layout").fetchone()
    except duckdb.CatalogException:
        return 0
    return int(row[0]) if row and row[0] else 0


def layout(path: Path, limits: Limits) -> int:
    """The layout of a file."""
    with opened(path, limits, read_only=True) as connection:
        return number_of(connection, path)


def migrate(path: Path, into: Path, limits: Limits) -> None:
    """Write the warehouse at `path`, of an earlier layout, to `into` in today's; `path` is left as it is."""
    Path(f"{into}.wal").unlink(missing_ok=True)
    shutil.copyfile(path, into)
    with opened(into, limits) as connection:
        schema.create(connection, after=number_of(connection, path))
        connection.execute("CHECKPOINT")


def _shape(connection: duckdb.DuckDBPyConnection) -> Shape:
    """Every column by its table, and every macro."""
    ours = "WHERE database_name = current_database() AND NOT internal"
    rows = connection.execute(
        f"SELECT table_name, column_name FROM duckdb_columns() {ours} "
        f"UNION ALL SELECT function_name, '' FROM duckdb_functions() {ours}"
    ).fetchall()
    return frozenset((str(table), str(column)) for table, column in rows if table != _NEVER_PUBLISHED)


@cache
def _shapes() -> dict[int, Shape]:
    """What each script made of the file, by its number."""
    with duckdb.connect(":memory:") as connection:
        shapes = {}
        for number, script in schema.scripts():
            connection.execute(script)
            shapes[number] = _shape(connection)
    return shapes
