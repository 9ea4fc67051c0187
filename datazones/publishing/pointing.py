"""The zone's pointer and the chain of manifests behind it, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from itertools import islice

from datazones.errors import NotPermitted, SnapshotTampered
from datazones.publishing.manifest import Manifest, Pointer, Reference, Signature
from datazones.publishing.signing import ANYBODY, POINTER, SUFFIX, verify_signature
from datazones.publishing.store import Store

CURRENT = "CURRENT"

NEAR = 32
"""So many manifests of a chain are asked for one after the other before it is listed what lies behind them: to a reader
who is a few generations behind, a listing of all that there ever were would cost more."""

AHEAD = 16
"""So many are on their way at once after that."""


def current(store: Store, prefix: str, trusted: Set[str] = ANYBODY) -> Pointer | None:
    """What the zone publishes now; None before its first snapshot."""
    found = read(store, prefix, trusted)
    return found[0] if found else None


def read(store: Store, prefix: str, trusted: Set[str] = ANYBODY) -> tuple[Pointer, str] | None:
    """The pointer, signed by one of `trusted` or by anybody where none is, and the ETag that a swap must find."""
    key = f"{prefix}/{CURRENT}"
    found = store.get(key)
    if found is None:
        return None
    pointer = Pointer.read(found[0], key)
    verify_signature(pointer.claim(), pointer.signature, trusted, key, POINTER)
    return pointer, found[1]


def fetch_manifest(store: Store, prefix: str, reference: Reference) -> Manifest:
    """The manifest a reference names; SnapshotTampered unless it has the promised bytes and says the same of itself."""
    key = f"{prefix}/{reference.key}"
    return _promised(store.get(key), key, reference)


def _promised(found: tuple[bytes, str] | None, key: str, reference: Reference) -> Manifest:
    digest = sha256(found[0]).hexdigest() if found else "no object"
    if found is None or digest != reference.sha256:
        raise _tampered(key, digest, reference.sha256)
    manifest = Manifest.read(found[0], key)
    if manifest.reference() != reference:
        raise _tampered(key, str(manifest.reference()), str(reference))
    return manifest


def fetch_signed(store: Store, prefix: str, reference: Reference, trusted: Set[str]) -> tuple[Manifest, str]:
    """The manifest a reference names and the public key that signed it: one of `trusted`, or any where none is."""
    manifest = fetch_manifest(store, prefix, reference)
    return manifest, fetch_signer(store, prefix, manifest, trusted)


def fetch_signer(store: Store, prefix: str, manifest: Manifest, trusted: Set[str]) -> str:
    """The public key that signed a manifest: one of `trusted`, or any where none is."""
    key = f"{prefix}/{manifest.reference().key}{SUFFIX}"
    found = store.get(key)
    if found is None:
        raise _tampered(key, "no object", "the signature of the manifest")
    signature = Signature.read(found[0], key)
    verify_signature(manifest.canonical(), signature, trusted, key)
    return signature.public_key


def chain(store: Store, prefix: str, head: Reference | None) -> Iterator[tuple[Reference, Manifest]]:
    """Every manifest from this one back to the first, each with the bytes that the next one promises.

    A manifest names the one before it, so that they could only be asked for one after the other: of a zone that has
    published every hour for a year that takes minutes. Who goes far back asks for those ahead by what is listed.
    """
    for _ in range(NEAR):
        if head is None:
            return
        manifest = fetch_manifest(store, prefix, head)
        yield head, manifest
        head = before(prefix, manifest)
    if head:
        yield from _far(store, prefix, head)


def _far(store: Store, prefix: str, head: Reference | None) -> Iterator[tuple[Reference, Manifest]]:
    ahead = iter(_listed(store, prefix))
    coming: dict[str, Future[tuple[bytes, str] | None]] = {}
    with ThreadPoolExecutor(AHEAD) as hands:
        while head:
            key = f"{prefix}/{head.key}"
            for passed in [other for other in coming if other > key]:  # of runs that were beaten
                del coming[passed]
            for other in islice((other for other in ahead if other <= key), AHEAD - len(coming)):
                coming[other] = hands.submit(store.get, other)
            found = coming.pop(key).result() if key in coming else store.get(key)
            manifest = _promised(found, key, head)
            yield head, manifest
            head = before(prefix, manifest)


def _listed(store: Store, prefix: str) -> list[str]:
    """The keys of all manifests, the newest first; none where the key that we have may read and not list them."""
    with suppress(NotPermitted):
        found = (listed.key for listed in store.listing(f"{prefix}/manifests/"))
        return sorted((key for key in found if not key.endswith(SUFFIX)), reverse=True)
    return []


def before(prefix: str, manifest: Manifest) -> Reference | None:
    """The manifest that this one follows; SnapshotTampered unless it is of the generation before."""
    if (manifest.parent.generation if manifest.parent else 0) != manifest.generation - 1:
        raise _tampered(
            f"{prefix}/{manifest.reference().key}",
            str(manifest.parent),
            f"generation {manifest.generation - 1} before it",
        )
    return manifest.parent


def is_published(store: Store, prefix: str, reference: Reference) -> bool:
    """Whether the pointer is at this manifest, or has been: then it is in the chain behind the current one."""
    pointer = current(store, prefix)
    head = pointer.snapshot if pointer else None
    return head is not None and follows(store, prefix, head, reference)


def was_published(store: Store, prefix: str, snapshot_id: str) -> bool:
    """Whether a snapshot of this id is in the chain that the pointer stands on."""
    pointer = current(store, prefix)
    references = chain(store, prefix, pointer.snapshot if pointer else None)
    return any(reference.snapshot_id == snapshot_id for reference, _ in references)


def follows(store: Store, prefix: str, head: Reference, reference: Reference) -> bool:
    """Whether `reference` is `head` or in the chain behind it."""
    if head.generation <= reference.generation:
        return head == reference
    for _, manifest in chain(store, prefix, head):
        if manifest.parent is None or manifest.parent.generation <= reference.generation:
            return manifest.parent == reference
    return False


def _tampered(key: str, found: str, expected: str) -> SnapshotTampered:
    return SnapshotTampered(
        key,
        found=found,
        expected=expected,
        next_step="find out who wrote to this prefix; restore the object, or publish again",
    )
