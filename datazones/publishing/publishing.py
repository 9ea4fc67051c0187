"""Publishing a candidate: objects, manifest, pointer, in that order, each safe to do again.

Killed between any two calls, the pointer still names the old snapshot or already the new one, whole; the next run ends
in the same snapshot_id, and what a dead run left behind is referred to by nobody and in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from uuid import uuid4

from datazones.errors import ExpectationsFailed, SnapshotConflict, SnapshotTampered, StoreUnavailable
from datazones.model import Candidate, Parent, Verdict
from datazones.publishing.manifest import File, Manifest, Pointer, Reference, snapshot_id
from datazones.publishing.pointing import CURRENT, fetch_manifest, is_published, read
from datazones.publishing.store import Outcome, Sealed, Store

WAREHOUSE = "warehouse.duckdb"
"""The name of the DuckDB file in every snapshot."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published state of a zone. `moved` is False when its content was published already."""

    zone_id: str
    generation: int
    snapshot_id: str
    load_id: int
    moved: bool

    def parent(self) -> Parent:
        """As a working copy that stands on it remembers it."""
        return Parent(self.generation, self.snapshot_id, self.load_id)


def publish(
    store: Store, prefix: str, candidate: Candidate, verdict: Verdict, now: datetime, *, approval: str | None = None
) -> Snapshot:
    """Put the file and read it back, put the manifest and read it back, move the pointer.

    ExpectationsFailed when the verdict is bad and nobody approved it; SnapshotConflict when another writer was first,
    or when the file is no longer the one that was examined; StoreUnavailable when nobody can say how it ended: then
    doing it again finds out.
    """
    _refuse_unapproved(candidate, verdict, approval)
    wanted = snapshot_id(candidate.zone_id, candidate.tables)
    pointer, etag = read(store, prefix) or (None, None)
    before = pointer.snapshot if pointer else None
    if before and before.snapshot_id == wanted:
        return Snapshot(candidate.zone_id, before.generation, wanted, candidate.load_id, moved=False)
    _refuse_other_parent(prefix, candidate, before)
    file = _put_warehouse(store, prefix, candidate)
    manifest = _described(candidate, verdict, now, file, before, approval)
    reference = manifest.reference()
    store.create(f"{prefix}/{reference.key}", manifest.canonical())
    fetch_manifest(store, prefix, reference)
    _move(store, prefix, candidate.zone_id, reference, etag)
    return Snapshot(candidate.zone_id, manifest.generation, wanted, candidate.load_id, moved=True)


def _described(
    candidate: Candidate, verdict: Verdict, now: datetime, file: File, before: Reference | None, approval: str | None
) -> Manifest:
    """The manifest that follows `before`. The rows that broke a rule stay where the candidate was examined."""
    return Manifest(
        zone_id=candidate.zone_id,
        generation=before.generation + 1 if before else 1,
        snapshot_id=snapshot_id(candidate.zone_id, candidate.tables),
        parent=before,
        created_at=now,
        storage_version=candidate.storage_version,
        tables=candidate.tables,
        files=(file,),
        verdict=replace(verdict, findings=tuple(replace(finding, sample=()) for finding in verdict.findings)),
        approval=approval,
        feeds=candidate.feeds,
        load_id=candidate.load_id,
        code_version=version("datazones"),
    )


def _put_warehouse(store: Store, prefix: str, candidate: Candidate) -> File:
    """The examined file in the store, every byte read back."""
    with _examined(candidate) as sealed:
        file = File(name=WAREHOUSE, key=f"objects/{sealed.digest}.duckdb", size=sealed.size, sha256=sealed.digest)
        key = f"{prefix}/{file.key}"
        store.create(key, sealed)
        held = store.digest(key)
    if held != file.sha256:
        raise SnapshotTampered(
            key,
            found=held or "no object",
            expected=file.sha256,
            next_step="check the store; the pointer was not moved",
        )
    return file


@contextmanager
def _examined(candidate: Candidate) -> Iterator[Sealed]:
    """The candidate's file, opened once: another run that builds it anew at its path cannot change what we send."""
    with candidate.file.open("rb") as file:
        sealed = Sealed.of(file)
        if sealed.digest != candidate.digest:
            raise SnapshotConflict(
                candidate.path,
                found=f"a file with sha256 {sealed.digest}, built by another run",
                expected=f"the one that was examined, {candidate.digest}",
                next_step="run again; nothing was published",
            )
        yield sealed


def _move(store: Store, prefix: str, zone_id: str, reference: Reference, etag: str | None) -> None:
    """Swap the pointer. A swap of ours whose answer was lost counts, also when another one has followed it since."""
    pointer = Pointer(zone_id=zone_id, snapshot=reference, write_id=uuid4().hex)
    key = f"{prefix}/{CURRENT}"
    outcome = store.swap(key, pointer.canonical(), etag)
    if outcome is Outcome.UNKNOWN:
        raise StoreUnavailable(
            key,
            found="no word on whether the pointer moved",
            expected="an answer",
            next_step="run again: it finds out, and publishes nothing twice",
        )
    if outcome is Outcome.NOT_OURS and not is_published(store, prefix, reference):
        raise _lost(prefix, "a pointer that another writer moved", f"room for generation {reference.generation}")


def _refuse_unapproved(candidate: Candidate, verdict: Verdict, approval: str | None) -> None:
    if not verdict.passed and not approval:
        raise ExpectationsFailed(
            f"the candidate of {candidate.zone_id}",
            found="a verdict that holds it back",
            expected="one that passes, or an approval with its reason",
            next_step=f"look at {candidate.path}; what is published has not changed",
        )


def _refuse_other_parent(prefix: str, candidate: Candidate, before: Reference | None) -> None:
    published = (before.generation, before.snapshot_id) if before else None
    stands_on = (candidate.parent.generation, candidate.parent.snapshot_id) if candidate.parent else None
    if published != stands_on:
        raise _lost(prefix, f"{published} published", f"{stands_on}, on which the candidate stands")


def _lost(prefix: str, found: str, expected: str) -> SnapshotConflict:
    return SnapshotConflict(
        prefix, found=found, expected=expected, next_step="run again: the next run stands on the new snapshot"
    )
