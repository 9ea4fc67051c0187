"""Candidates that the gate held back: kept whole in the store, until a person says that one is right all the same.

A held candidate stands on the snapshot that is published now; once another one is published it can no longer follow,
and what was right in it comes again with the next run.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Final, Literal

from datazones.errors import SnapshotConflict, SnapshotTampered, StoreUnavailable, UnknownCode
from datazones.model import Beside, Candidate, Revisions, Verdict
from datazones.publishing.manifest import Approval, Document, Manifest, Signature, snapshot_id
from datazones.publishing.pointing import current, fetch_manifest, read
from datazones.publishing.publishing import Snapshot, described, lost, move, refuse_other_parent
from datazones.publishing.putting import put_files, read_back
from datazones.publishing.signing import ANYBODY, Signer, verify_signature
from datazones.publishing.store import Outcome, Store

_PURPOSE: Final = b"datazones held back\n"
"""Signed before the manifest's bytes: with this signature nobody can publish it."""


class Held(Document):
    """The manifest that would be published, what it changes, and the word of the worker that had it examined."""

    layout: Literal[1] = 1
    manifest: Manifest
    changes: Revisions
    signature: Signature

    @property
    def key(self) -> str:
        """Where it lies below the zone's prefix."""
        return f"{_on(self.manifest.generation - 1)}{self.manifest.snapshot_id}.json"


def hold(
    store: Store,
    prefix: str,
    candidate: Candidate,
    verdict: Verdict,
    now: datetime,
    *,
    signer: Signer,
    trusted: Set[str] = ANYBODY,
    beside: Sequence[Beside] = (),
) -> Held:
    """Keep the candidate and the files `beside` it; the one that is kept already if its content was held before."""
    known = trusted | {signer.public_key}
    pointer = current(store, prefix, known)
    before = pointer.snapshot if pointer else None
    refuse_other_parent(prefix, candidate, before)
    key = f"{prefix}/{_on(before.generation if before else 0)}{snapshot_id(candidate.zone_id, candidate.tables)}.json"
    kept = _read(store, key, known)
    if kept is None:
        parent = fetch_manifest(store, prefix, before) if before else None
        files = put_files(store, prefix, candidate, beside, parent)
        manifest = described(candidate, verdict, now, files, before)
        signature = signer.sign(manifest.canonical(), _PURPOSE)
        kept = _keep(store, key, Held(manifest=manifest, changes=candidate.changes, signature=signature), known)
    return kept


def waiting(store: Store, prefix: str, trusted: Set[str] = ANYBODY) -> list[Held]:
    """The candidates that are held on the snapshot published now, the newest first."""
    pointer = current(store, prefix, trusted)
    on = f"{prefix}/{_on(pointer.snapshot.generation if pointer else 0)}"
    found = (_read(store, listed.key, trusted) for listed in store.listing(on))
    return sorted((kept for kept in found if kept), key=lambda kept: kept.manifest.created_at, reverse=True)


def held(store: Store, prefix: str, named: str | None = None, trusted: Set[str] = ANYBODY) -> Held:
    """The candidate that waits; of several, the one whose snapshot_id begins with `named`.

    UnknownCode when there is none; SnapshotConflict when several wait and none was named: what nobody looked at must
    not be approved by mistake.
    """
    found = [kept for kept in waiting(store, prefix, trusted) if kept.manifest.snapshot_id.startswith(named or "")]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownCode(
            f"{prefix}, candidates held back",
            found=f"none that begins with {named}" if named else "none that stands on the published snapshot",
            expected="a candidate that the gate held back",
            next_step="run the zone again: what was held on an older snapshot is examined anew",
        )
    names = (f"{kept.manifest.snapshot_id[:12]} of {kept.manifest.created_at:%Y-%m-%d %H:%M}" for kept in found)
    raise SnapshotConflict(
        f"{prefix}, candidates held back",
        found=", ".join(names),
        expected="one",
        next_step="name the one whose report was read: `--candidate ID`",
    )


def approve(
    store: Store,
    prefix: str,
    kept: Held,
    approval: Approval,
    now: datetime,
    *,
    signer: Signer,
    trusted: Set[str] = ANYBODY,
) -> Snapshot:
    """Publish exactly what was examined and held back, with the reason in its manifest.

    SnapshotTampered when its files are not those; SnapshotConflict when another snapshot was published since;
    SignerUnknown when what is published is signed by another key than ours or one of `trusted`.
    """
    pointer, etag = read(store, prefix, trusted | {signer.public_key}) or (None, None)
    before = pointer.snapshot if pointer else None
    manifest = kept.manifest.model_copy(update={"approval": approval, "created_at": now})
    if before and before.snapshot_id == manifest.snapshot_id:
        return _snapshot(manifest.model_copy(update={"generation": before.generation}), moved=False)
    if before != manifest.parent:
        raise lost(prefix, f"{before} published", f"{manifest.parent}, on which the held candidate stands")
    for file in manifest.files:
        read_back(store, f"{prefix}/{file.key}", file.sha256)
    move(store, prefix, manifest, signer, etag)
    return _snapshot(manifest, moved=True)


def _snapshot(manifest: Manifest, *, moved: bool) -> Snapshot:
    return Snapshot(manifest.zone_id, manifest.generation, manifest.snapshot_id, manifest.load_id, moved)


def _keep(store: Store, key: str, kept: Held, trusted: Set[str]) -> Held:
    """Put it, unless another worker was first with the same content; the one that is there."""
    outcome = store.swap(key, kept.canonical(), None)
    found = kept if outcome is Outcome.OURS else _read(store, key, trusted)
    if found is None or outcome is Outcome.UNKNOWN:
        raise StoreUnavailable(
            key, found="no word on whether it is kept", expected="an answer", next_step="run again: it finds out"
        )
    return found


def _on(generation: int) -> str:
    return f"held/{generation + 1:010}-"


def _read(store: Store, key: str, trusted: Set[str]) -> Held | None:
    found = store.get(key)
    if found is None:
        return None
    kept = Held.read(found[0], key)
    verify_signature(kept.manifest.canonical(), kept.signature, trusted, key, _PURPOSE)
    if not key.endswith(f"-{kept.manifest.snapshot_id}.json"):
        raise SnapshotTampered(
            key,
            found=f"the candidate {kept.manifest.snapshot_id}",
            expected="the one that its key names",
            next_step="find out who wrote to this prefix",
        )
    return kept
