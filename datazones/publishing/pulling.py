"""A published snapshot on this machine: verified while it comes, and swapped in beside readers that have it open.

Verified means: the pointer is not older than what was seen here before, its manifest is signed by a key that is
trusted, the chain of manifests behind it leads to what was seen here before, and every byte has its sha256.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile

from datazones.copies import write_whole
from datazones.errors import SnapshotTampered
from datazones.lacking import told
from datazones.model import Base, Parent
from datazones.publishing.manifest import Document, File, Manifest, Pointer, PublicKey, Reference
from datazones.publishing.pointing import current, fetch_manifest, fetch_signed, follows
from datazones.publishing.putting import WAREHOUSE, base_of
from datazones.publishing.signing import ANYBODY
from datazones.publishing.store import Sealed, Store


class Pulled(Document):
    """What was pulled to a path, and whose signature it has; remembered in a hidden file beside it."""

    zone_id: str
    snapshot: Reference
    load_id: int
    public_key: PublicKey

    @property
    def generation(self) -> int:
        return self.snapshot.generation

    @property
    def snapshot_id(self) -> str:
        return self.snapshot.snapshot_id


def pull(
    store: Store, prefix: str, into: Path, *, trusted: Set[str] = ANYBODY, at_hand: Path | None = None
) -> Pulled | None:
    """The current snapshot at `into`, fetched only if it is not there as published; None when nothing is published.

    A file `at_hand` that has the published bytes saves fetching them. SnapshotTampered when bytes, zone, generation or
    chain are not what they must be, SignerUnknown when somebody else signed; what was pulled before is left alone.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    with _alone(into):
        found = vouched(store, prefix, last_pulled(into), trusted)
        if found is None:
            return None
        manifest, public_key = found
        _bring(store, prefix, manifest, into, at_hand)
        pulled = Pulled(
            zone_id=manifest.zone_id, snapshot=manifest.reference(), load_id=manifest.load_id, public_key=public_key
        )
        write_whole(_beside(into, "pulled.json"), pulled.canonical(), alone=True)
    return pulled


def fetch_warehouse(store: Store, prefix: str, manifest: Manifest, into: Path) -> None:
    """The DuckDB file of any snapshot whose manifest was verified, at `into`; fetched only if it is not there."""
    into.parent.mkdir(parents=True, exist_ok=True)
    with _alone(into):
        _bring(store, prefix, manifest, into, None)


def last_pulled(into: Path) -> Pulled | None:
    """What was pulled to this path last; None if nothing was."""
    note = _beside(into, "pulled.json")
    return Pulled.read(note.read_bytes(), str(note)) if note.exists() else None


def base_at_hand(store: Store, prefix: str, path: Path, parent: Parent | None) -> Base | None:
    """What the next candidate may take over from its parent, if that is what was pulled to `path` last."""
    pulled = last_pulled(path)
    if parent is None or pulled is None or pulled.snapshot_id != parent.snapshot_id:
        return None
    return base_of(store, prefix, fetch_manifest(store, prefix, pulled.snapshot), path)


def vouched(store: Store, prefix: str, before: Pulled | None, trusted: Set[str]) -> tuple[Manifest, str] | None:
    """The published manifest and whose it is; None when nothing is published.

    It is signed by a trusted key (if none is named: by that of before), of the zone that the pointer says, and follows
    what was seen before.
    """
    known = trusted or ({before.public_key} if before else ANYBODY)
    pointer = current(store, prefix, known)
    _refuse_going_back(prefix, before, pointer)
    if pointer is None:
        return None
    head = pointer.snapshot
    if before and before.snapshot == head and before.public_key in known:
        return fetch_manifest(store, prefix, head), before.public_key
    manifest, public_key = fetch_signed(store, prefix, head, known)
    if manifest.zone_id != pointer.zone_id:
        raise _other_history(f"{prefix}/{head.key}", f"a snapshot of {manifest.zone_id}", f"one of {pointer.zone_id}")
    if before and manifest.parent != before.snapshot and not follows(store, prefix, head, before.snapshot):
        raise _other_history(f"{prefix}/{head.key}", "another history", f"one with {before.snapshot.key}, as seen here")
    return manifest, public_key


def _other_history(key: str, found: str, expected: str) -> SnapshotTampered:
    return SnapshotTampered(
        key,
        found=found,
        expected=expected,
        next_step="find out who wrote to this prefix; pull to another path to start over",
    )


def _refuse_going_back(prefix: str, before: Pulled | None, pointer: Pointer | None) -> None:
    """A reader remembers the highest generation it saw: an old pointer that is played back is no rollback."""
    if before is None:
        return
    now = (pointer.zone_id, pointer.snapshot.generation) if pointer else None
    later = pointer is not None and pointer.snapshot.generation > before.generation
    same = pointer is not None and pointer.snapshot == before.snapshot
    if pointer is None or pointer.zone_id != before.zone_id or not (later or same):
        raise SnapshotTampered(
            f"{prefix}/CURRENT",
            found=f"{now}" if now else "no pointer",
            expected=f"{(before.zone_id, before.generation)} as it was seen here before, or later",
            next_step="find out who moved the pointer back (a rollback is a new generation); pull to another path to "
            "start over",
        )


def _intact(into: Path, file: File) -> bool:
    """Whether the published bytes lie there, and no log of somebody's changes that a reader would apply to them."""
    if not into.exists() or into.stat().st_size != file.size or _wal(into).exists():
        return False
    with into.open("rb") as held:
        return Sealed.of(held).digest == file.sha256


def _bring(store: Store, prefix: str, manifest: Manifest, into: Path, at_hand: Path | None) -> None:
    (file,) = (file for file in manifest.files if file.name == WAREHOUSE)
    if not _intact(into, file):
        _fetch(store, f"{prefix}/{file.key}", file.sha256, into, at_hand)


def _fetch(store: Store, key: str, expected: str, into: Path, at_hand: Path | None) -> None:
    aside = _beside(into, "part")
    try:
        with told(into.parent):
            digest = _copied(at_hand, aside) if at_hand else None
            if digest != expected:
                digest = store.get_to(key, aside)
        if digest != expected:
            raise SnapshotTampered(
                key,
                found=digest or "no object",
                expected=expected,
                next_step="publish again, or roll back; then find out who wrote to this prefix",
            )
        _wal(into).unlink(missing_ok=True)
        aside.replace(into)
    finally:
        aside.unlink(missing_ok=True)


def _copied(at_hand: Path, aside: Path) -> str:
    copyfile(at_hand, aside)
    with aside.open("rb") as copy:
        return Sealed.of(copy).digest


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """One pull to a path at a time: a slow one must not put an older snapshot over a newer one."""
    with _beside(into, "lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _beside(into: Path, suffix: str) -> Path:
    return into.with_name(f".{into.name}.{suffix}")


def _wal(into: Path) -> Path:
    return into.with_name(f"{into.name}.wal")
