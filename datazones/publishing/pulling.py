"""A published snapshot on this machine: verified while it comes, and swapped in beside readers that have it open."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datazones.errors import SnapshotTampered
from datazones.publishing.manifest import Document, File, Pointer, Reference
from datazones.publishing.pointing import current, fetch_manifest
from datazones.publishing.publishing import WAREHOUSE
from datazones.publishing.store import Sealed, Store


class Pulled(Document):
    """What was pulled to a path; remembered in a hidden file beside it."""

    zone_id: str
    snapshot: Reference
    load_id: int

    @property
    def generation(self) -> int:
        return self.snapshot.generation

    @property
    def snapshot_id(self) -> str:
        return self.snapshot.snapshot_id


def pull(store: Store, prefix: str, into: Path) -> Pulled | None:
    """The current snapshot at `into`, fetched only if it is not there as published; None when nothing is published.

    SnapshotTampered when bytes, zone or generation are not what they must be; what was pulled before is left alone.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    with _alone(into):
        pointer = current(store, prefix)
        _refuse_going_back(prefix, last_pulled(into), pointer)
        if pointer is None:
            return None
        manifest = fetch_manifest(store, prefix, pointer.snapshot)
        (file,) = (file for file in manifest.files if file.name == WAREHOUSE)
        if not _intact(into, file):
            _fetch(store, f"{prefix}/{file.key}", file.sha256, into)
        pulled = Pulled(zone_id=manifest.zone_id, snapshot=pointer.snapshot, load_id=manifest.load_id)
        _replace(_beside(into, "pulled.json"), pulled.canonical())
    return pulled


def last_pulled(into: Path) -> Pulled | None:
    """What was pulled to this path last; None if nothing was."""
    note = _beside(into, "pulled.json")
    return Pulled.read(note.read_bytes(), str(note)) if note.exists() else None


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


def _fetch(store: Store, key: str, expected: str, into: Path) -> None:
    aside = _beside(into, "part")
    digest = store.get_to(key, aside)
    if digest != expected:
        aside.unlink(missing_ok=True)
        raise SnapshotTampered(
            key,
            found=digest or "no object",
            expected=expected,
            next_step="publish again, or roll back; then find out who wrote to this prefix",
        )
    _wal(into).unlink(missing_ok=True)
    aside.replace(into)


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    aside.replace(path)


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
