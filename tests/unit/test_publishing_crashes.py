"""A publisher that is killed at any request, and publishers that race: old or new, whole, and nothing twice."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datazones.errors import SnapshotConflict
from datazones.publishing import Store, StoreAddress, current, fetch_manifest, last_pulled, pull
from datazones.publishing.connecting import connected
from datazones.publishing.manifest import Manifest
from tests.forking import Fork
from tests.snapshots import candidate, counted, following, put

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KILLED = 9
REQUESTS = 13
FILE_EVENTS, FILE_CALLS = ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate"), 6
"""What a pull tells Python's auditors of, and how often at the least."""

WRITERS, GENERATIONS = 8, 12


@pytest.fixture(scope="module")
def unused(address: StoreAddress) -> S3Client:
    """A client that has asked nothing yet, so that every fork of it opens connections of its own."""
    return connected(address)


def _exit_code(work: Callable[[], object]) -> int | None:
    """Of a process that does this and nothing else."""
    child = Fork(target=work)
    child.start()
    child.join(60)
    return child.exitcode


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fatal", range(1, REQUESTS + 1))
def test_killed_at_any_request_a_zone_shows_old_or_new_whole_and_the_next_run_ends_right(
    store: Store, unused: S3Client, prefix: str, tmp_path: Path, into: Path, moment: str, fatal: int
) -> None:
    def die(now: str, number: int, what: str) -> None:  # noqa: ARG001
        if (now, number) == (moment, fatal):
            os._exit(KILLED)

    first = put(store, prefix, candidate(tmp_path, "first"))
    dying, _ = counted(unused, store._bucket, die)
    second = candidate(tmp_path, "second", first.parent())
    assert _exit_code(lambda: put(dying, prefix, second)) == KILLED
    seen = pull(store, prefix, into)
    assert seen
    assert seen.generation == (2 if (moment, fatal) == ("after", REQUESTS) else 1)
    assert into.read_bytes().startswith(b"first" if seen.generation == 1 else b"second")
    again = put(store, prefix, candidate(tmp_path, "second", first.parent()))
    assert (again.generation, again.moved) == (2, seen.generation == 1)
    pulled = pull(store, prefix, into)
    assert pulled
    assert (pulled.generation, pulled.snapshot_id) == (2, again.snapshot_id)
    assert into.read_bytes().startswith(b"second")


def test_a_publish_makes_as_many_requests_as_were_killed(
    store: Store, unused: S3Client, prefix: str, tmp_path: Path
) -> None:
    second = candidate(tmp_path, "second", put(store, prefix, candidate(tmp_path, "first")).parent())
    telling, client = counted(unused, store._bucket, lambda *_: None)
    assert _exit_code(lambda: os._exit(put(telling, prefix, second) and client.asked)) == REQUESTS


def _files_killed(store: Store, prefix: str, into: Path, nth: int) -> int | None:
    """Pull in a process that dies before its n-th event at a file beside `into`; its exit code."""
    seen = 0

    def die(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in FILE_EVENTS and str(into.parent) in str(arguments):
            seen += 1
            if seen == nth:
                os._exit(KILLED)

    def work() -> None:
        sys.addaudithook(die)
        pull(store, prefix, into)
        os._exit(0)

    return _exit_code(work)


def test_a_reader_that_is_killed_before_any_file_call_has_old_or_new_whole_and_the_next_pull_ends_right(
    embedded: StoreAddress, prefix: str, tmp_path: Path, into: Path
) -> None:
    with Store.at(embedded) as calm:
        first = put(calm, prefix, candidate(tmp_path, "first"))
        pull(calm, prefix, into)
        old, note = into.read_bytes(), last_pulled(into)
        second = candidate(tmp_path, "second", first.parent())
        put(calm, prefix, second)
        for nth in range(1, 100):
            if _files_killed(Store(connected(embedded), embedded.bucket), prefix, into, nth) == 0:
                break
            assert into.read_bytes() in (old, second.file.read_bytes())
            assert last_pulled(into) in (note, pull(calm, prefix, tmp_path / "other" / "hunan.duckdb"))
            into.write_bytes(old)
            into.with_name(f".{into.name}.pulled.json").write_bytes(note.canonical() if note else b"")
        assert nth > FILE_CALLS
        assert (pull(calm, prefix, into) or first).generation == 2
        assert into.read_bytes() == second.file.read_bytes()
        assert sorted(path.name for path in into.parent.iterdir()) == [
            f".{into.name}.lock",
            f".{into.name}.pulled.json",
            into.name,
        ]


def _race(store: Store, prefix: str, folder: Path, name: str) -> None:
    """Publish on top of whatever is published until there is enough of it; what was won goes into a file."""
    turn = 0
    with (folder / f"{name}.won").open("w") as won:
        while (pointer := current(store, prefix)) is None or pointer.snapshot.generation < GENERATIONS:
            turn += 1
            offered = candidate(folder / name, f"{name}-{turn}", following(pointer) if pointer else None)
            with suppress(SnapshotConflict):
                snapshot = put(store, prefix, offered)
                won.write(f"{snapshot.generation} {snapshot.snapshot_id}\n")


def test_of_eight_processes_that_race_exactly_one_wins_each_generation(
    store: Store, unused: S3Client, prefix: str, tmp_path: Path
) -> None:
    racing = Store(unused, store._bucket)
    writers = [Fork(target=_race, args=(racing, prefix, tmp_path, f"w{n}")) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    claimed = [line for path in tmp_path.glob("*.won") for line in path.read_text().splitlines()]
    chain = _chain(store, prefix)
    assert sorted(claimed) == sorted(f"{manifest.generation} {manifest.snapshot_id}" for manifest in chain)
    assert [manifest.generation for manifest in chain] == list(range(len(chain), 0, -1))
    assert len(chain) >= GENERATIONS


def _chain(store: Store, prefix: str) -> list[Manifest]:
    """Every manifest from the current one back to the first."""
    pointer = current(store, prefix)
    link, found = pointer.snapshot if pointer else None, []
    while link:
        found.append(fetch_manifest(store, prefix, link))
        link = found[-1].parent
    return found
