"""Whether everything that a zone has published is still what was promised, byte for byte."""

from __future__ import annotations

from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from datazones.errors import SnapshotTampered, UnknownCode
from datazones.publishing.manifest import File, Manifest
from datazones.publishing.pointing import before, chain, fetch_signer
from datazones.publishing.pulling import Pulled, vouched
from datazones.publishing.signing import ANYBODY
from datazones.publishing.store import Store

HANDS = 8
"""So many files are on their way at once: most are small, and one is as large as all others."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found right: the head, the manifests behind it, and the files of the head, of `size` bytes in all."""

    head: Manifest
    public_key: str
    manifests: int
    files: int
    size: int


def verify(
    store: Store,
    prefix: str,
    trusted: Set[str] = ANYBODY,
    *,
    retired: Set[str] = frozenset(),
    seen: Pulled | None = None,
) -> Verified:
    """Check pointer, signatures, the chain back to the first snapshot, and every byte of the published files.

    What was `seen` here before must be in that chain: an old pointer that is played back has nothing else against it.
    A key that is `retired` may have signed what lies behind the head, whose own signature vouches for those bytes.

    SnapshotTampered or SignerUnknown names the first fault; UnknownCode when nothing is published.
    """
    found = vouched(store, prefix, seen, trusted)
    if found is None:
        raise UnknownCode(
            prefix,
            found="nothing published",
            expected="a zone with a snapshot",
            next_step="`datazones run` publishes one",
        )
    head, _ = found
    with ThreadPoolExecutor(HANDS) as hands, ThreadPoolExecutor(HANDS) as others:
        files = hands.map(lambda file: _verify_file(store, prefix, file), head.files)
        behind = (manifest for _, manifest in chain(store, prefix, before(prefix, head)))
        public_key = fetch_signer(store, prefix, head, trusted)
        known = trusted and trusted | retired
        older = sum(1 for _ in others.map(lambda manifest: fetch_signer(store, prefix, manifest, known), behind))
        list(files)
    return Verified(head, public_key, older + 1, len(head.files), sum(file.size for file in head.files))


def _verify_file(store: Store, prefix: str, file: File) -> None:
    found = store.digest(f"{prefix}/{file.key}")
    if found != file.sha256:
        raise SnapshotTampered(
            f"{prefix}/{file.key}",
            found=f"{file.name} with sha256 {found}" if found else f"no object for {file.name}",
            expected=file.sha256,
            next_step="publish again, or roll back; then find out who wrote to this prefix",
        )
