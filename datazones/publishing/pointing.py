"""The zone's pointer and the chain of manifests behind it, read and checked."""

from __future__ import annotations

from hashlib import sha256

from datazones.errors import SnapshotTampered
from datazones.publishing.manifest import Manifest, Pointer, Reference
from datazones.publishing.store import Store

CURRENT = "CURRENT"


def current(store: Store, prefix: str) -> Pointer | None:
    """What the zone publishes now; None before its first snapshot."""
    found = read(store, prefix)
    return found[0] if found else None


def read(store: Store, prefix: str) -> tuple[Pointer, str] | None:
    """The pointer, and the ETag that a swap must find unchanged."""
    key = f"{prefix}/{CURRENT}"
    found = store.get(key)
    return (Pointer.read(found[0], key), found[1]) if found else None


def fetch_manifest(store: Store, prefix: str, reference: Reference) -> Manifest:
    """The manifest a reference names; SnapshotTampered unless it has the promised bytes and says the same of itself."""
    key = f"{prefix}/{reference.key}"
    found = store.get(key)
    digest = sha256(found[0]).hexdigest() if found else "no object"
    if found is None or digest != reference.sha256:
        raise _tampered(key, digest, reference.sha256)
    manifest = Manifest.read(found[0], key)
    if manifest.reference() != reference:
        raise _tampered(key, str(manifest.reference()), str(reference))
    return manifest


def is_published(store: Store, prefix: str, reference: Reference) -> bool:
    """Whether the pointer is at this manifest, or has been: then it is in the chain behind the current one."""
    pointer = current(store, prefix)
    link = pointer.snapshot if pointer else None
    while link and link.generation > reference.generation:
        link = fetch_manifest(store, prefix, link).parent
    return link == reference


def _tampered(key: str, found: str, expected: str) -> SnapshotTampered:
    return SnapshotTampered(
        key,
        found=found,
        expected=expected,
        next_step="find out who wrote to this prefix; restore the object, or publish again",
    )
