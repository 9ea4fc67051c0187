"""A zone's working copy: one DuckDB file, one writer, every load in one transaction."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import orjson

from datazones.errors import WarehouseBusy
from datazones.model import Landed, Parent, Revisions, Staged
from datazones.warehouse import revising, schema
from datazones.warehouse.connecting import Limits, opened

STORAGE_VERSION = "v1.4.0"
"""Of working copies: from this one on a stale WAL beside a replaced file is refused, not replayed."""


class WorkingCopy:
    """The working copy of one zone at `path`; use it inside `held`."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    @contextmanager
    def held(cls, path: Path, limits: Limits, reach: Sequence[Path] = ()) -> Iterator[WorkingCopy]:
        """The working copy, made empty if there is none, locked against every other process while it is in use."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            if not path.exists():
                _begin(path, limits)
            with opened(path, limits, reach=reach) as connection:
                yield cls(path, connection)
                connection.execute("CHECKPOINT")

    def parent(self) -> Parent | None:
        """The published snapshot this copy was built on; None before the first."""
        row = self._connection.execute("SELECT generation, snapshot_id, load_id FROM working").fetchone()
        return Parent(*row) if row else None

    def adopt(self, parent: Parent) -> None:
        """Remember that this copy's state is now published as `parent`."""
        with self._transaction():
            self._connection.execute("DELETE FROM working")
            self._connection.execute(
                "INSERT INTO working VALUES (?, ?, ?)", [parent.generation, parent.snapshot_id, parent.load_id]
            )

    def describe(self, zone: Sequence[str], feeds: Sequence[Sequence[str]]) -> None:
        """The zone and the feeds as the catalogue has them today."""
        connection = self._connection
        if connection.execute("FROM zone").fetchall() == [tuple(zone)] and connection.execute(
            "FROM feed ORDER BY feed_id"
        ).fetchall() == sorted(tuple(feed) for feed in feeds):
            return
        with self._transaction():
            connection.execute("DELETE FROM zone")
            connection.execute("DELETE FROM feed")
            connection.execute("INSERT INTO zone VALUES (?, ?, ?, ?, ?, ?)", list(zone))
            connection.executemany("INSERT INTO feed VALUES (?, ?, ?, ?, ?, ?, ?)", [list(feed) for feed in feeds])

    def watermark(self, feed_id: str) -> tuple[Landed, ...]:
        """The raw answers that the feed's last load read; empty before the first."""
        row = self._connection.execute(
            "SELECT answers FROM load_log WHERE feed_id = ? ORDER BY load_id DESC LIMIT 1", [feed_id]
        ).fetchone()
        return tuple(Landed.from_plain(plain) for plain in orjson.loads(row[0])) if row else ()

    def load(self, staged: Staged, answers: Sequence[Landed], *, slot: datetime, now: datetime) -> Revisions:
        """Vintages, revisions, load log and watermark of one reading, in one transaction."""
        connection = self._connection
        with self._transaction():
            load_id = _one(connection, "SELECT coalesce(max(load_id), 0) + 1 FROM load_log")
            retrieved_at = max(answer.retrieved_at for answer in answers)
            revisions = revising.revise(connection, staged, load_id=load_id, retrieved_at=naive(retrieved_at))
            connection.execute(
                "INSERT INTO load_log VALUES (?, ?, ?, ?, ?)",
                [load_id, staged.feed_id, naive(slot), naive(now), orjson.dumps([a.plain() for a in answers]).decode()],
            )
        return revisions

    def last_load(self) -> int:
        """The id of the last load in this copy; 0 before the first."""
        return _one(self._connection, "SELECT coalesce(max(load_id), 0) FROM load_log")

    def pending(self) -> Revisions:
        """What the loads since the published parent have changed."""
        parent = self.parent()
        row = self._connection.execute(
            "SELECT coalesce(sum(added), 0)::BIGINT, coalesce(sum(revised), 0)::BIGINT, "
            "coalesce(sum(withdrawn), 0)::BIGINT, coalesce(sum(ignored), 0)::BIGINT FROM vintage WHERE load_id > ?",
            [parent.load_id if parent else 0],
        ).fetchone()
        return Revisions(*(row or ()))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def hydrate(path: Path, published: Path, parent: Parent, limits: Limits) -> None:
    """A fresh working copy out of a published file, put in place of whatever was at `path`."""
    with _locked(path.with_suffix(".lock")):
        _begin(path, limits, published, parent)


def _begin(path: Path, limits: Limits, published: Path | None = None, parent: Parent | None = None) -> None:
    """Build aside and swap in: a half-made working copy is never seen."""
    aside = path.with_suffix(".building")
    for stale in (aside, Path(f"{aside}.wal")):
        stale.unlink(missing_ok=True)
    reach = [path.parent, *([published.parent] if published else [])]
    with opened(None, limits, reach=reach) as connection:
        connection.execute(f"ATTACH '{quoted(aside)}' AS working_copy (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE working_copy")
        schema.create(connection)
        connection.execute(
            "CREATE TABLE working (generation BIGINT NOT NULL, snapshot_id VARCHAR NOT NULL, load_id INTEGER NOT NULL)"
        )
        if published and parent:
            connection.execute(f"ATTACH '{quoted(published)}' AS published (READ_ONLY)")
            for table in schema.PUBLISHED:
                connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM published.{table}")
            connection.execute(
                "INSERT INTO working VALUES (?, ?, ?)", [parent.generation, parent.snapshot_id, parent.load_id]
            )
        connection.execute("CHECKPOINT working_copy")
        connection.execute("USE memory")
        connection.execute("DETACH working_copy")
    Path(f"{path}.wal").unlink(missing_ok=True)
    aside.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WarehouseBusy(
                str(path),
                found="the lock held by another process",
                expected="one writer at a time",
                next_step="wait for the other run to end; nothing was changed",
            ) from error
        yield


def quoted(path: Path) -> str:
    """A path as the inside of a SQL string."""
    return str(path.resolve()).replace("'", "''")


def naive(instant: datetime) -> datetime:
    """UTC without its offset: what a TIMESTAMP column holds."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
