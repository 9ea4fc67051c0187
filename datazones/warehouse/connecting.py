"""Opening DuckDB files: bounded, hardened, and with errors of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from datazones.errors import DatazonesError, WarehouseBusy, WarehouseDamaged
from datazones.lacking import what_is_lacking

_INTERRUPTED = "Query interrupted"
"""How DuckDB says that somebody pressed Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one DuckDB may take: memory in MiB, threads, and where it may spill."""

    memory_mb: int
    threads: int
    spill: Path


@contextmanager
def opened(
    path: Path | None, limits: Limits, *, read_only: bool = False, reach: Sequence[Path] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file (None: in memory) that can reach the folders in `reach` and nothing else outside.

    WarehouseBusy when another process holds it, WarehouseDamaged when it is no sound DuckDB file.
    """
    limits.spill.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{limits.memory_mb}MiB",
        "threads": limits.threads,
        "temp_directory": str(limits.spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    except duckdb.Error as error:
        raise _lacking(error, path, limits.spill) or _ours(error, path) from error
    try:
        _harden(connection, [limits.spill, *reach, *([path.parent] if path else [])])
        yield connection
    except duckdb.Error as error:
        ours = _lacking(error, path, limits.spill)
        if ours is None and isinstance(error, duckdb.FatalException):
            ours = _ours(error, path)
        if ours is None:
            raise
        raise ours from error
    except RuntimeError as error:
        if str(error) == _INTERRUPTED:
            raise KeyboardInterrupt from error
        raise
    finally:
        connection.close()


def literal(said: str | Path) -> str:
    """A text or a path as SQL writes it, where a statement takes no parameter."""
    text = str(said.resolve()) if isinstance(said, Path) else said
    return "'" + text.replace("'", "''") + "'"


def insert(connection: duckdb.DuckDBPyConnection, table: str, row: Sequence[object]) -> None:
    """One row, with a value for each column of the table."""
    connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", list(row))


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The one number that is asked for."""
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _harden(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path]) -> None:
    """The order matters: the folders are named first, then the rest is shut, then the settings are locked.

    Nothing is a parameter here: the first one that a process gives imports pandas, which takes a second.
    """
    named = ", ".join(literal(f"{folder.resolve()}/") for folder in folders)
    connection.execute(f"SET allowed_directories = [{named}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET TimeZone = 'UTC'")  # instants become UTC on every machine
    connection.execute("SET lock_configuration = true")


def _lacking(error: duckdb.Error, path: Path | None, spill: Path) -> DatazonesError | None:
    return what_is_lacking(error, str(path or "DuckDB in memory"), path.parent if path else spill)


def _ours(error: duckdb.Error, path: Path | None) -> DatazonesError:
    text, subject = str(error).partition("\n")[0], str(path or "DuckDB in memory")
    if "lock" in text.lower():
        return WarehouseBusy(
            subject, found=text, expected="no other process at it", next_step="wait for the other run to end"
        )
    return WarehouseDamaged(
        subject,
        found=text,
        expected="a sound DuckDB file",
        next_step="move the file away; the next run builds it again from the published snapshot",
    )
