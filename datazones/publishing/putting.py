"""The files of a candidate in the store, each under the sha256 of its bytes, and none that is there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datazones.errors import SnapshotConflict, SnapshotTampered
from datazones.model import Beside, Candidate
from datazones.publishing.manifest import File, Manifest
from datazones.publishing.store import Sealed, Store

WAREHOUSE = "warehouse.duckdb"
"""The name of the DuckDB file in every snapshot."""

HANDS = 4
"""So many files are on their way at once."""


@dataclass(frozen=True, slots=True)
class _Offered:
    """A file as the candidate promises it."""

    name: str
    path: Path
    digest: str
    table: str | None = None
    rows: int | None = None


def put_files(
    store: Store, prefix: str, candidate: Candidate, beside: Sequence[Beside], parent: Manifest | None
) -> tuple[File, ...]:
    """Put what is not there and read every byte of it back. What `parent` has and the store still holds in its full
    size is left as it is."""
    held = _held(store, prefix, parent) if parent else {}
    with ThreadPoolExecutor(HANDS) as hands:
        return tuple(hands.map(lambda offered: _put(store, prefix, offered, held), _offered(candidate, beside)))


def _offered(candidate: Candidate, beside: Sequence[Beside]) -> Iterator[_Offered]:
    yield _Offered(WAREHOUSE, candidate.file, candidate.digest)
    for part in candidate.parts:
        yield _Offered(part.name, Path(part.path), part.digest, part.table, part.rows)
    for file in beside:
        yield _Offered(file.name, Path(file.path), file.digest)


def _held(store: Store, prefix: str, parent: Manifest) -> Mapping[str, int]:
    """The sizes, by key, of the parent's files that are in the store."""
    there = {found.key: found.size for found in store.listing(f"{prefix}/objects/")}
    return {file.key: there.get(f"{prefix}/{file.key}", -1) for file in parent.files}


def _put(store: Store, prefix: str, offered: _Offered, held: Mapping[str, int]) -> File:
    with _examined(offered) as sealed:
        key = f"objects/{sealed.digest}{offered.path.suffix}"
        if held.get(key) != sealed.size:
            store.create(f"{prefix}/{key}", sealed)
            read_back(store, f"{prefix}/{key}", sealed.digest)
        return File(
            name=offered.name,
            key=key,
            size=sealed.size,
            sha256=sealed.digest,
            table=offered.table,
            rows=offered.rows,
        )


@contextmanager
def _examined(offered: _Offered) -> Iterator[Sealed]:
    """The file, opened once: another run that builds it anew at its path cannot change what we send."""
    with offered.path.open("rb") as file:
        sealed = Sealed.of(file)
        if sealed.digest != offered.digest:
            raise SnapshotConflict(
                str(offered.path),
                found=f"a file with sha256 {sealed.digest}, built by another run",
                expected=f"the one that was examined, {offered.digest}",
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
