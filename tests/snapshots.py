"""Candidates to publish, without a warehouse: to publishing a file is bytes, and tables are digests."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from datazones.model import Beside, Candidate, Finding, HeldFeed, Parent, Part, Revisions, Table, Verdict
from datazones.publishing import Pointer, Signer, Snapshot, Store, publish

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ASKED = ("get_object", "put_object", "head_object", "list_objects_v2", "delete_object")
Tell = Callable[[str, int, str], None]
AT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
PASSED = Verdict(passed=True, checks=12, findings=(Finding("late", "info", "1 day", "0 days", 1, ({"a": "b"},)),))
HELD_BACK = Verdict(passed=False, checks=12, findings=(Finding("rows", "critical", "0 rows", "some", 0),))
SIGNER = Signer.from_hex("5e" * 32)
FEED = HeldFeed("gdp", "NBS", "fsnd", "terms of use", "National Bureau of Statistics", 3, AT)


def candidate(folder: Path, figures: str, parent: Parent | None = None, *, zone_id: str = "hunan") -> Candidate:
    """A candidate with these figures, and series that are always the same. Like DuckDB's, its file never has the same
    bytes twice; its Parquet files have."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{figures}.duckdb"
    content = figures.encode() + os.urandom(16)
    path.write_bytes(content)
    return Candidate(
        zone_id=zone_id,
        path=str(path),
        digest=sha256(content).hexdigest(),
        storage_version="v1.2.0",
        tables=(Table("latest", 3, sha256(figures.encode()).hexdigest()),),
        feeds=(FEED,),
        changes=Revisions(added=3),
        load_id=1,
        parent=parent,
        parts=(_part(folder, "series", b"of all"), _part(folder, "latest", figures.encode())),
    )


def offered_as(candidate: Candidate, file: Path) -> Candidate:
    """The candidate with a real warehouse file in the place of its bytes."""
    return replace(candidate, path=str(file), digest=sha256(file.read_bytes()).hexdigest())


def _part(folder: Path, table: str, rows: bytes) -> Part:
    path = folder / f"{table}-{rows.decode()}.parquet"
    path.write_bytes(rows)
    return Part(f"{table}.parquet", str(path), len(rows), sha256(rows).hexdigest(), table, 3)


def beside(folder: Path) -> tuple[Beside, ...]:
    """A report in two files."""
    contents = {"report.html": b"<!doctype html>", "report.json": b"{}"}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return tuple(Beside(name, str(folder / name), sha256(content).hexdigest()) for name, content in contents.items())


def put(store: Store, prefix: str, offered: Candidate) -> Snapshot:
    """Publish with a good verdict."""
    return publish(store, prefix, offered, PASSED, AT, signer=SIGNER)


def following(pointer: Pointer) -> Parent:
    """The published snapshot as the parent of the next."""
    return Parent(pointer.snapshot.generation, pointer.snapshot.snapshot_id, 1)


@dataclass
class Counted:
    """An S3 client that tells before and after each request what is asked, and which request it is, from 1."""

    client: S3Client
    tell: Tell
    asked: int = 0
    lock: Lock = field(default_factory=Lock)

    def __getattr__(self, name: str) -> object:
        found = getattr(self.client, name)
        if not callable(found) or name not in ASKED:
            return found

        def ask(**question: object) -> object:
            with self.lock:
                self.asked += 1
                number, what = self.asked, f"{name} {question.get('Key') or question.get('Prefix')}"
            self.tell("before", number, what)
            try:
                return found(**question)
            finally:
                self.tell("after", number, what)

        return ask


def counted(client: S3Client, bucket: str, tell: Tell) -> tuple[Store, Counted]:
    """A store whose every request is told of."""
    wrapped = Counted(client, tell)
    return Store(wrapped, bucket), wrapped  # type: ignore[arg-type]  # it stands before a client, at the wire
