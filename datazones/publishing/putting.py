"""The files of a candidate in the store, each under the sha256 of its bytes, and none that is there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from datazones.errors import SnapshotConflict, SnapshotTampered
from datazones.model import Base, Beside, Candidate, Part
from datazones.publishing.manifest import File, Manifest
from datazones.publishing.store import Sealed, Store

WAREHOUSE = "warehouse.duckdb"
"""The name of the DuckDB file in every snapshot."""

HANDS = 4
"""So many files are on their way at once."""


def seal(store: Store, prefix: str, candidate: Candidate, beside: Sequence[Beside]) -> None:
    """Put the candidate's files where nothing refers to them: publishing it later moves the pointer, and no more."""
    put_files(store, prefix, candidate, beside, None)


def put_files(
    store: Store, prefix: str, candidate: Candidate, beside: Sequence[Beside], parent: Manifest | None
) -> tuple[File, ...]:
    """Put what is not there and read every byte of it back. What `parent` has and the store still holds in its full
    size is left as it is.

    SnapshotTampered when a file that was taken over from the parent is not there any more.
    """
    with ThreadPoolExecutor(HANDS) as hands:
        there = hands.submit(_there, store, prefix, parent)
        return tuple(
            hands.map(lambda offered: _put(store, prefix, offered[0], offered[1], there), _offered(candidate, beside))
        )


def _there(store: Store, prefix: str, parent: Manifest | None) -> Mapping[str, File]:
    return {file.key: file for file in standing(store, prefix, parent)} if parent else {}


def standing(store: Store, prefix: str, manifest: Manifest) -> Iterator[File]:
    """The files of a snapshot that the store has in their full size."""
    there = {found.key: found.size for found in store.listing(f"{prefix}/objects/")}
    return (file for file in manifest.files if there.get(f"{prefix}/{file.key}") == file.size)


def base_of(store: Store, prefix: str, manifest: Manifest, path: Path) -> Base | None:
    """What the next candidate may take over from a snapshot whose DuckDB file is at `path`; None from one that does
    not say how it was made."""
    warehouse = manifest.file(WAREHOUSE)
    if manifest.recipe is None or warehouse is None:
        return None
    parts = tuple(
        Part(file.name, None, file.size, file.sha256, file.table, file.rows or 0, file.content)
        for file in standing(store, prefix, manifest)
        if file.table
    )
    return Base(path, warehouse.sha256, manifest.recipe, manifest.loose or 0, manifest.tables, parts)


def _offered(candidate: Candidate, beside: Sequence[Beside]) -> Iterator[tuple[File, Path | None]]:
    """Every file as the candidate promises it, and where it is; its size is seen when it is opened."""
    yield _promised(WAREHOUSE, candidate.digest, candidate.file.suffix), candidate.file
    for part in candidate.parts:
        promised = _promised(part.name, part.digest, Path(part.name).suffix)
        said = {"size": part.size, "table": part.table, "rows": part.rows, "content": part.content}
        yield promised.model_copy(update=said), Path(part.path) if part.path else None
    for file in beside:
        yield _promised(file.name, file.digest, Path(file.path).suffix), Path(file.path)


def _promised(name: str, digest: str, suffix: str) -> File:
    return File(name=name, key=f"objects/{digest}{suffix}", size=0, sha256=digest, table=None, rows=None)


def _put(store: Store, prefix: str, promised: File, path: Path | None, there: Future[Mapping[str, File]]) -> File:
    """A file is looked through while the store is asked what is there."""
    if path is None:
        if promised.key not in there.result():
            raise _vanished(f"{prefix}/{promised.key}", promised)
        return promised
    with _examined(path, promised.sha256) as sealed:
        file = promised.model_copy(update={"size": sealed.size})
        if file.key not in there.result():
            store.create(f"{prefix}/{file.key}", sealed)
            read_back(store, f"{prefix}/{file.key}", file.sha256)
    return file


def _vanished(key: str, promised: File) -> SnapshotTampered:
    return SnapshotTampered(
        key,
        found=f"no object for {promised.name}",
        expected=f"the {promised.size} bytes that the parent published",
        next_step="run again: what the store has lost is made anew; then find out who removes from this prefix",
    )


@contextmanager
def _examined(path: Path, digest: str) -> Iterator[Sealed]:
    """The file, opened once: another run that builds it anew at its path cannot change what we send."""
    with path.open("rb") as file:
        sealed = Sealed.of(file)
        if sealed.digest != digest:
            raise SnapshotConflict(
                str(path),
                found=f"a file with sha256 {sealed.digest}, built by another run",
                expected=f"the one that was examined, {digest}",
                next_step="run again; nothing was published",
            )
        yield sealed


def read_back(store: Store, key: str, expected: str) -> None:
    """SnapshotTampered unless the object has the bytes with this sha256."""
    held = store.digest(key)
    if held != expected:
        raise SnapshotTampered(
            key,
            found=held or "no object",
            expected=expected,
            next_step="check the store; the pointer was not moved",
        )
