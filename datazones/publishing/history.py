"""What a zone has published, from now back to the first, and going back to one of them."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import datetime

from datazones.errors import UnknownCode
from datazones.publishing.manifest import Approval, Manifest, Pointer, Reference
from datazones.publishing.pointing import before, chain, current, fetch_signed, read
from datazones.publishing.publishing import Snapshot, move
from datazones.publishing.signing import ANYBODY, Signer
from datazones.publishing.store import Store


def states(store: Store, prefix: str, trusted: Set[str] = ANYBODY) -> Iterator[tuple[Reference, Manifest]]:
    """Every published state, the newest first. The head's signature vouches for all behind it."""
    pointer = current(store, prefix, trusted)
    if pointer is not None:
        head, _ = fetch_signed(store, prefix, pointer.snapshot, trusted)
        yield pointer.snapshot, head
        yield from chain(store, prefix, before(prefix, head))


def state(store: Store, prefix: str, generation: int | None, trusted: Set[str] = ANYBODY) -> tuple[Reference, Manifest]:
    """One published state (None: the newest); UnknownCode when the zone has published no such generation."""
    newest = 0
    for reference, manifest in states(store, prefix, trusted):
        newest = newest or reference.generation
        if generation in (None, reference.generation):
            return reference, manifest
    raise UnknownCode(
        f"the history of {prefix}",
        found=f"no generation {generation or 1}",
        expected=f"one from 1 to {newest}" if newest else "a zone that has published something",
        next_step="`datazones history ZONE` lists them",
    )


def neighbours(
    store: Store, prefix: str, before: int | None, after: int | None, trusted: Set[str] = ANYBODY
) -> tuple[Manifest, Manifest]:
    """Two published states to compare; unless others are named, the newest and the one before it."""
    newer = state(store, prefix, after, trusted)[1]
    if before is None and newer.generation == 1:
        raise UnknownCode(
            f"the history of {prefix}",
            found="generation 1, before which nothing was published",
            expected="two generations to compare",
            next_step="ask again when the zone has published something new",
        )
    return state(store, prefix, before or newer.generation - 1, trusted)[1], newer


def rollback(
    store: Store,
    prefix: str,
    generation: int,
    now: datetime,
    *,
    approval: Approval,
    signer: Signer,
    trusted: Set[str] = ANYBODY,
) -> Snapshot:
    """Publish an older snapshot again, as a new generation with the old files: nothing is built or sent but a manifest.
    What is published now is published again only where another key has signed it.

    UnknownCode when there is no such generation, or when its content is published now under this signature;
    StoreUnavailable or SnapshotConflict as when publishing.
    """
    known = trusted | {signer.public_key}
    found = read(store, prefix, known)
    target, held = state(store, prefix, generation, known)
    if found is None or _stands(found[0], target, signer):
        raise UnknownCode(
            f"the history of {prefix}",
            found=f"generation {generation}, whose content is published now",
            expected="an older one with other content",
            next_step="`datazones history ZONE` lists them; nothing was changed",
        )
    pointer, etag = found
    following = held.model_copy(
        update={
            "generation": pointer.snapshot.generation + 1,
            "parent": pointer.snapshot,
            "restores": target,
            "created_at": now,
            "approval": approval,
        }
    )
    _refuse_swept(store, prefix, held)
    move(store, prefix, following, signer, etag)
    return Snapshot(held.zone_id, following.generation, held.snapshot_id, held.load_id, moved=True)


def _stands(pointer: Pointer, target: Reference, signer: Signer) -> bool:
    return pointer.snapshot.snapshot_id == target.snapshot_id and pointer.signature.public_key == signer.public_key


def _refuse_swept(store: Store, prefix: str, manifest: Manifest) -> None:
    """UnknownCode when the snapshot's files are not all in the store any more."""
    there = {found.key: found.size for found in store.listing(f"{prefix}/objects/")}
    lost = [file.name for file in manifest.files if there.get(f"{prefix}/{file.key}") != file.size]
    if lost:
        raise UnknownCode(
            f"generation {manifest.generation} of {prefix}",
            found=f"no {', '.join(lost)} in the store any more",
            expected="every file of the snapshot",
            next_step="`datazones gc` removed them by age; choose a younger generation",
        )
