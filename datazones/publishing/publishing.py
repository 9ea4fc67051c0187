"""Publishing a candidate: objects, manifest, signature, pointer, in that order, each safe to do again.

Killed between any two calls, the pointer still names the old snapshot or already the new one, whole; the next run ends
in the same snapshot_id, and what a dead run left behind is referred to by nobody and in nobody's way.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version

from datazones.errors import ExpectationsFailed, SnapshotConflict, StoreUnavailable
from datazones.model import Beside, Candidate, Parent, Verdict
from datazones.publishing.manifest import File, Manifest, Reference, snapshot_id
from datazones.publishing.pointing import CURRENT, fetch_signed, is_published, read
from datazones.publishing.putting import put_files
from datazones.publishing.signing import ANYBODY, SUFFIX, Signer
from datazones.publishing.store import Outcome, Store


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published state of a zone. `moved` is False when its content was published already."""

    zone_id: str
    generation: int
    snapshot_id: str
    load_id: int
    moved: bool

    @property
    def named(self) -> str:
        """As a person is told of it."""
        return f"{self.generation}-{self.snapshot_id[:12]}"

    def parent(self) -> Parent:
        """As a working copy that stands on it remembers it."""
        return Parent(self.generation, self.snapshot_id, self.load_id)


def publish(
    store: Store,
    prefix: str,
    candidate: Candidate,
    verdict: Verdict,
    now: datetime,
    *,
    signer: Signer,
    trusted: Set[str] = ANYBODY,
    beside: Sequence[Beside] = (),
) -> Snapshot:
    """Put the files and read them back, put the manifest and its signature and read them back, move the pointer.

    `beside` are files that go with the candidate. ExpectationsFailed when the verdict is bad: `holding.approve` is
    then the only way. SnapshotConflict when another writer was first, or when the file is no longer the one that was
    examined; SignerUnknown when what is published is signed by another key than ours or one of `trusted`;
    StoreUnavailable when nobody can say how it ended: then doing it again finds out.
    """
    _refuse_held_back(candidate, verdict)
    wanted, known = snapshot_id(candidate.zone_id, candidate.tables), trusted | {signer.public_key}
    pointer, etag = read(store, prefix, known) or (None, None)
    before = pointer.snapshot if pointer else None
    if before and before.snapshot_id == wanted:
        return Snapshot(candidate.zone_id, before.generation, wanted, candidate.load_id, moved=False)
    refuse_other_parent(prefix, candidate, before)
    held = fetch_signed(store, prefix, before, known)[0] if before else None
    files = put_files(store, prefix, candidate, beside, held)
    manifest = described(candidate, verdict, now, files, before)
    move(store, prefix, manifest, signer, etag)
    return Snapshot(candidate.zone_id, manifest.generation, wanted, candidate.load_id, moved=True)


def move(store: Store, prefix: str, manifest: Manifest, signer: Signer, etag: str | None) -> None:
    """Put a manifest and its signature, read both back, and swap the pointer that was read with this ETag.

    SnapshotConflict when another writer was first; a swap of ours whose answer was lost counts, also when another one
    has followed it since.
    """
    reference, content = manifest.reference(), manifest.canonical()
    store.create(f"{prefix}/{reference.key}", content)
    store.create(f"{prefix}/{reference.key}{SUFFIX}", signer.sign(content).canonical())
    fetch_signed(store, prefix, reference, {signer.public_key})
    pointer = signer.point(manifest.zone_id, reference)
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
        raise lost(prefix, "a pointer that another writer moved", f"room for generation {reference.generation}")


def described(
    candidate: Candidate, verdict: Verdict, now: datetime, files: tuple[File, ...], before: Reference | None
) -> Manifest:
    """The manifest that follows `before`, approved by nobody. The rows that broke a rule are in the report."""
    return Manifest(
        zone_id=candidate.zone_id,
        generation=before.generation + 1 if before else 1,
        snapshot_id=snapshot_id(candidate.zone_id, candidate.tables),
        parent=before,
        restores=None,
        created_at=now,
        storage_version=candidate.storage_version,
        tables=candidate.tables,
        files=files,
        verdict=replace(verdict, findings=tuple(replace(finding, sample=()) for finding in verdict.findings)),
        approval=None,
        feeds=candidate.feeds,
        load_id=candidate.load_id,
        code_version=version("datazones"),
        recipe=candidate.recipe,
        loose=candidate.loose if candidate.recipe else None,
        pins=candidate.pins or None,
    )


def _refuse_held_back(candidate: Candidate, verdict: Verdict) -> None:
    if not verdict.passed:
        raise ExpectationsFailed(
            f"the candidate of {candidate.zone_id}",
            found="a verdict that holds it back",
            expected="one that passes",
            next_step=f"`datazones report {candidate.zone_id} --held` says why; what is published has not changed",
        )


def refuse_other_parent(prefix: str, candidate: Candidate, before: Reference | None) -> None:
    """SnapshotConflict unless the candidate stands on `before`, which is published now."""
    published = (before.generation, before.snapshot_id) if before else None
    stands_on = (candidate.parent.generation, candidate.parent.snapshot_id) if candidate.parent else None
    if published != stands_on:
        raise lost(prefix, f"{published} published", f"{stands_on}, on which the candidate stands")


def lost(prefix: str, found: str, expected: str) -> SnapshotConflict:
    """Another writer was first."""
    return SnapshotConflict(
        prefix, found=found, expected=expected, next_step="run again: the next run stands on the new snapshot"
    )
