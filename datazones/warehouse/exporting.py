"""From a working copy to a candidate: compact, in a pinned storage version, re-opened and found to say the same.

A candidate is a changed copy of an empty file, or of the published one where little has changed (changing.py). Either
way it is opened anew when it is written, every row of it is read, and what it says is compared with what the working
copy says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import copyfile

import duckdb
import polars as pl

from datazones.errors import WarehouseDamaged
from datazones.model import Base, Candidate, HeldFeed, Parent, Part, Pin, Revisions, Table
from datazones.warehouse import changing, parting, schema
from datazones.warehouse.connecting import Limits, literal, opened
from datazones.warehouse.fingerprinting import Content, Fingerprint, contents, whole

STORAGE_VERSION = "v1.2.0"
"""Of published files: DuckDB 1.2.2 and every later reader opens them."""


HANDS = 2
"""So much is done at once beside what DuckDB is asked for, which seldom keeps every core at work."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written to `path`: its sha256, tables as they were found on a second opening, feeds, Parquet files, and
    how it was made. Without a `recipe` nothing of it is ever taken over."""

    path: Path
    digest: str
    tables: tuple[Table, ...]
    feeds: tuple[HeldFeed, ...]
    parts: tuple[Part, ...]
    recipe: str | None = None
    loose: int = 0

    def candidate(
        self, zone_id: str, changes: Revisions, parent: Parent | None, *, load_id: int, pins: tuple[Pin, ...] = ()
    ) -> Candidate:
        """As what may become the zone's next snapshot."""
        return Candidate(
            zone_id=zone_id,
            path=str(self.path),
            digest=self.digest,
            storage_version=STORAGE_VERSION,
            tables=self.tables,
            feeds=self.feeds,
            changes=changes,
            load_id=load_id,
            parent=parent,
            parts=self.parts,
            recipe=self.recipe,
            loose=self.loose,
            pins=pins,
        )


def export(
    working: Path, into: Path, limits: Limits, *, parts: Path | None = None, base: Base | None = None
) -> Exported:
    """Write the working copy's tables to a new file, and its figures as Parquet to the folder `parts` if one is named.

    What has not changed since `base` is taken over from it.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    _clear(into)
    base = base if base and base.recipe == recipe() else None
    taken = base.parts if base else ()
    reach = [working.parent, into.parent, *([base.path.parent] if base else [])]
    with opened(None, limits, reach=reach) as connection, ThreadPoolExecutor(HANDS) as aside:
        copying = aside.submit(changing.copied, base, into)
        connection.execute(f"ATTACH {literal(working)} AS held (READ_ONLY)")
        held = contents(connection, "held")

        def cut(database: str) -> tuple[Part, ...]:
            return parting.write_parts(connection, database, held, parts, taken) if parts else ()

        copied = copying.result()
        changes = changing.find(connection, copied, held) if copied else None
        made = aside.submit(cut, "held") if changes else None
        if changes:
            changing.apply(connection, changes, into, STORAGE_VERSION)
            digest, unlike = _read_anew(connection, aside, into, held)
        if not changes or unlike:
            changes = None
            copyfile(_blank(limits), into)
            _fill(connection, into)
            digest, unlike = _read_anew(connection, aside, into, held)
            _refuse(into, unlike, held)
        connection.execute(f"ATTACH {literal(into)} AS candidate (READ_ONLY)")
        return Exported(
            path=into,
            digest=digest,
            tables=tuple(content.table() for content in held.values()),
            feeds=held_feeds(connection),
            parts=made.result() if made else cut("candidate"),
            recipe=recipe(),
            loose=changes.loose if changes else 0,
        )


def content(path: Path, limits: Limits, tables: Sequence[str] = schema.PUBLISHED) -> tuple[Table, ...]:
    """The tables of a warehouse file as a manifest names them: rows, and a digest of what they say."""
    with opened(None, limits, reach=[path.parent]) as connection:
        connection.execute(f"ATTACH {literal(path)} AS warehouse (READ_ONLY)")
        return tuple(found.table() for found in contents(connection, "warehouse", tables).values())


@cache
def recipe() -> str:
    """A digest of all that decides which bytes are made of which rows; of two files it tells whether one rule made
    both."""
    rules = [
        (schema.scripts(), schema.DOCS, schema.SORTED_BY, STORAGE_VERSION, duckdb.__version__, pl.__version__),
        (parting.SMALL, parting.BY_DECADE, parting.BY_YEAR, parting.GATHERED, parting.ROW_GROUP),
    ]
    return sha256(json.dumps(rules).encode()).hexdigest()


def _blank(limits: Limits) -> Path:
    """A file without rows, made once: of a small zone's export it would be the larger part."""
    path = limits.spill / f"blank-{recipe()[:16]}.duckdb"
    if not path.exists():
        limits.spill.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")
        _clear(aside)
        with opened(None, limits, reach=[limits.spill]) as connection:
            connection.execute(f"ATTACH {literal(aside)} AS blank (STORAGE_VERSION '{STORAGE_VERSION}')")
            connection.execute("USE blank")
            schema.create(connection)
            schema.explain(connection)
            connection.execute("CHECKPOINT blank")
            connection.execute("USE memory")
            connection.execute("DETACH blank")
        aside.replace(path)
    return path


def _clear(path: Path) -> None:
    """Nothing of a run that was killed: its log beside a new file of this storage version would be applied to it."""
    for stale in (path, Path(f"{path}.wal")):
        stale.unlink(missing_ok=True)


def _fill(connection: duckdb.DuckDBPyConnection, into: Path) -> None:
    connection.execute(f"ATTACH {literal(into)} AS candidate (STORAGE_VERSION '{STORAGE_VERSION}')")
    connection.execute("BEGIN")
    for table in schema.PUBLISHED:
        connection.execute(f"INSERT INTO candidate.{table} SELECT * FROM held.{table} {_order(connection, table)}")
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT candidate")
    connection.execute("DETACH candidate")


def _order(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Nothing where the working copy's rows lie in order already, as after a first load: sorting takes its time."""
    keys = schema.keys_of(table)
    if not keys:
        return "ORDER BY ALL"
    before = ", ".join(f"lag({key}) OVER () AS before_{key}" for key in keys)
    less = " OR ".join(
        " AND ".join([*(f"{key} = before_{key}" for key in keys[:place]), f"{keys[place]} < before_{keys[place]}"])
        for place in range(len(keys))
    )
    (out_of_order,) = connection.execute(
        f"SELECT EXISTS (FROM (SELECT {', '.join(keys)}, {before} FROM held.{table}) WHERE {less})"
    ).fetchone() or (True,)
    return f"ORDER BY {schema.SORTED_BY[table]}" if out_of_order else ""


def _read_anew(
    connection: duckdb.DuckDBPyConnection, aside: Executor, path: Path, held: dict[str, Content]
) -> tuple[str, dict[str, Fingerprint]]:
    """The sha256 of a file, and what it, opened anew, says in the tables in which that is not what is held."""
    digest = aside.submit(parting.sha256_of, path)
    connection.execute(f"ATTACH {literal(path)} AS candidate (READ_ONLY)")
    found = whole(connection, "candidate")
    connection.execute("DETACH candidate")
    return digest.result(), {name: print_ for name, print_ in found.items() if print_ != held[name].whole}


def _refuse(path: Path, unlike: dict[str, Fingerprint], held: dict[str, Content]) -> None:
    if unlike:
        raise WarehouseDamaged(
            str(path),
            found=", ".join(f"{name} with {found.rows} rows" for name, found in unlike.items()),
            expected=", ".join(f"the {held[name].rows} rows of {name} that the working copy has" for name in unlike),
            next_step="look at the disk; nothing was published",
        )


def held_feeds(connection: duckdb.DuckDBPyConnection) -> tuple[HeldFeed, ...]:
    """The feeds of the attached `candidate`, as its manifest names them."""
    rows = connection.execute(
        "SELECT feed.feed_id, agency_id, dataflow_id, licence, attribution, terms, count(vintage_id), max(known_at) "
        "FROM candidate.feed LEFT JOIN candidate.vintage USING (feed_id) GROUP BY ALL ORDER BY feed.feed_id"
    ).fetchall()
    return tuple(
        HeldFeed(
            *(feed_id, agency_id, dataflow_id, licence, attribution, vintages),
            known_at and known_at.replace(tzinfo=UTC),
            terms,
        )
        for feed_id, agency_id, dataflow_id, licence, attribution, terms, vintages, known_at in rows
    )
