"""A zone's working copy: one DuckDB file, one writer, every load in one transaction."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import orjson

from datazones.errors import WarehouseBusy
from datazones.model import Broken, Landed, Logged, Parent, Quarantined, Revisions, Staged
from datazones.warehouse import migrating, quarantining, revising, schema
from datazones.warehouse.connecting import Limits, insert, literal, opened

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
        """The working copy, locked against every other process while it is in use.

        Made empty if there is none, and brought to today's layout if it has an earlier one.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_suffix(".lock")), ExitStack() as stack:
            if not path.exists():
                _begin(path, limits)
            connection = stack.enter_context(opened(path, limits, reach=reach))
            if migrating.outdated(connection, path):
                stack.close()
                _migrate(path, limits)
                connection = stack.enter_context(opened(path, limits, reach=reach))
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
        """The zone and the feeds as the catalogue has them today.

        A feed that it has no longer keeps its row while series of it are held: they are cited, and read, by it.
        """
        connection, now = self._connection, [tuple(feed) for feed in feeds]
        given_up = connection.execute(
            "FROM feed SEMI JOIN series USING (feed_id) WHERE NOT list_contains($1::VARCHAR[], feed_id)",
            [[row[0] for row in now]],
        ).fetchall()
        wanted = sorted([*now, *given_up])
        if connection.execute("FROM zone").fetchall() == [tuple(zone)] and self.feeds() == wanted:
            return
        with self._transaction():
            connection.execute("DELETE FROM zone")
            connection.execute("DELETE FROM feed")
            insert(connection, "zone", zone)
            for row in wanted:
                insert(connection, "feed", row)

    def feeds(self) -> list[tuple[str, ...]]:
        """What `describe` said last of the feeds, in the order of their ids."""
        return self._connection.execute("FROM feed ORDER BY feed_id").fetchall()

    def watermark(self, feed_id: str) -> tuple[Landed, ...]:
        """The raw answers that the feed's last load read; empty before the first."""
        row = self._connection.execute(
            "SELECT answers FROM load_log WHERE feed_id = ? ORDER BY load_id DESC LIMIT 1", [feed_id]
        ).fetchone()
        return tuple(Landed.from_plain(plain) for plain in orjson.loads(row[0])) if row else ()

    def load(
        self,
        staged: Staged,
        answers: Sequence[Landed],
        *,
        slot: datetime,
        now: datetime,
        load_id: int | None = None,
    ) -> Revisions:
        """Vintages, revisions, load log and watermark of one reading, in one transaction.

        `load_id` is given where a load is made again.
        """
        connection = self._connection
        with self._transaction():
            load_id = load_id or self.last_load() + 1
            retrieved_at = max(answer.retrieved_at for answer in answers)
            revisions = revising.revise(connection, staged, load_id=load_id, retrieved_at=naive(retrieved_at))
            told = orjson.dumps([answer.plain() for answer in answers]).decode()
            declared = orjson.dumps(staged.declared, option=orjson.OPT_SORT_KEYS).decode() if staged.declared else None
            connection.execute(
                "INSERT INTO load_log VALUES (?, ?, ?, ?, ?, ?)",
                [load_id, staged.feed_id, naive(slot), naive(now), told, declared],
            )
        return revisions

    def quarantined(self) -> tuple[Quarantined, ...]:
        """Every row that was ever set aside, the oldest first."""
        return quarantining.quarantined(self._connection)

    def load_of(self, broken: Broken) -> Logged | None:
        """The load since the published parent that brought what is known of this place; None if none of them did."""
        found, parent = quarantining.load_of(self._connection, broken), self.parent()
        fresh = found is not None and found > (parent.load_id if parent else 0)
        return next((logged for logged in self.log() if fresh and logged.load_id == found), None)

    def set_aside(self, rows: Sequence[Broken], at: datetime) -> None:
        """Take these places out of what is known, all or none."""
        with self._transaction():
            for broken in rows:
                quarantining.set_aside(self._connection, broken, at)

    def decide(self, number: int, decision: str, *, by: str, because: str, at: datetime) -> Quarantined:
        """Release or reject one row in quarantine."""
        with self._transaction():
            return quarantining.decide(self._connection, number, decision, by=by, because=because, at=at)

    def repeat_quarantine(self, rows: Sequence[Quarantined], load_id: int) -> None:
        """Set aside and decide again what was after this load."""
        with self._transaction():
            quarantining.repeat(self._connection, rows, load_id)

    def log(self) -> tuple[Logged, ...]:
        """Every load in this copy, oldest first: all that is needed to make it again from raw answers."""
        rows = self._connection.execute(
            "SELECT load_id, feed_id, slot, loaded_at, answers, declared FROM load_log ORDER BY load_id"
        ).fetchall()
        return tuple(
            Logged(
                load_id=load_id,
                feed_id=feed_id,
                slot=slot.replace(tzinfo=UTC),
                loaded_at=loaded_at.replace(tzinfo=UTC),
                answers=tuple(Landed.from_plain(plain) for plain in orjson.loads(answers)),
                declared=orjson.loads(declared) if declared else {},
            )
            for load_id, feed_id, slot, loaded_at, answers, declared in rows
        )

    def last_load(self) -> int:
        """The id of the last load or restatement in this copy; 0 before the first."""
        return _one(
            self._connection,
            "SELECT coalesce(max(load_id), 0) FROM (SELECT load_id FROM load_log UNION ALL "
            "SELECT load_id FROM restatement)",
        )

    def pending(self) -> Revisions:
        """What the loads and restatements since the published parent have changed."""
        parent = self.parent()
        row = self._connection.execute(
            "SELECT coalesce(sum(added), 0)::BIGINT, coalesce(sum(revised), 0)::BIGINT, "
            "coalesce(sum(withdrawn), 0)::BIGINT, coalesce(sum(ignored), 0)::BIGINT, "
            "(SELECT count(*) FROM restated WHERE load_id > $since) FROM vintage WHERE load_id > $since",
            {"since": parent.load_id if parent else 0},
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
    """A fresh working copy out of a published file of any layout, put in place of whatever was at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    brought_on = path.with_suffix(".migrating")
    with locked(path.with_suffix(".lock")):
        with opened(published, limits, read_only=True) as connection:
            outdated = migrating.outdated(connection, published)
        if outdated:
            migrating.migrate(published, brought_on, limits)
        _begin(path, limits, brought_on if outdated else published, parent)
        brought_on.unlink(missing_ok=True)


def _migrate(path: Path, limits: Limits) -> None:
    """On a copy, which takes the place of the file when it is whole."""
    aside = path.with_suffix(".migrating")
    migrating.migrate(path, aside, limits)
    aside.replace(path)


def _begin(path: Path, limits: Limits, published: Path | None = None, parent: Parent | None = None) -> None:
    """Build aside and swap in: a half-made working copy is never seen."""
    aside = path.with_suffix(".building")
    for stale in (aside, Path(f"{aside}.wal")):
        stale.unlink(missing_ok=True)
    reach = [path.parent, *([published.parent] if published else [])]
    with opened(None, limits, reach=reach) as connection:
        connection.execute(f"ATTACH {literal(aside)} AS working_copy (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE working_copy")
        schema.create(connection)
        connection.execute(
            "CREATE TABLE working (generation BIGINT NOT NULL, snapshot_id VARCHAR NOT NULL, load_id INTEGER NOT NULL)"
        )
        if published and parent:
            connection.execute(f"ATTACH {literal(published)} AS published (READ_ONLY)")
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
def locked(path: Path) -> Iterator[None]:
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


def naive(instant: datetime) -> datetime:
    """UTC without its offset: what a TIMESTAMP column holds."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
