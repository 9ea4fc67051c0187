"""Writers that race on one zone's pointer while one request in twenty fails, and the checker of what they claim.

Every attempt is written down with what its writer believes of it. The chain of manifests says what really happened.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import orjson
from botocore.exceptions import ConnectionClosedError

from datazones.errors import DatazonesError, SnapshotConflict, StoreUnavailable
from datazones.publishing import Store, StoreAddress, current
from datazones.publishing.connecting import connected
from datazones.publishing.manifest import Manifest, Reference
from datazones.publishing.pointing import chain, read
from datazones.publishing.publishing import move
from tests.forking import Fork
from tests.snapshots import AT, PASSED, SIGNER, counted

FAULTS = 0.05
THINK_S, LONGEST_S = 0.5, 16.0
"""A writer that was beaten waits for up to this long, twice as long each time in a row, as anybody polite would: else
nearly all work is that of the beaten."""


@dataclass(frozen=True, slots=True)
class Raced:
    """What the log and the chain say of one another. `misjudged` counts wins taken for losses and losses for wins."""

    commits: int
    attempts: int
    faults: int
    unknown: int
    misjudged: int
    doubled: int


def race(address: StoreAddress, prefix: str, folder: Path, *, writers: int, commits: int, seed: int) -> Raced:
    """Let processes race until there are so many generations, and check what they claim."""
    racing = [
        Fork(target=_write, args=(address, prefix, folder, number, commits, seed + number)) for number in range(writers)
    ]
    for writer in racing:
        writer.start()
    for writer in racing:
        writer.join()
    failed = [writer.exitcode for writer in racing if writer.exitcode]
    if failed:
        raise RuntimeError(f"writers ended with {failed}; see {folder}")
    with Store.at(address) as store:
        return check(store, prefix, folder)


def check(store: Store, prefix: str, folder: Path) -> Raced:
    """Hold every claim in the logs against the chain: who won a generation has its manifest in it, and nobody else."""
    lines = [orjson.loads(line) for path in folder.glob("*.log") for line in path.read_bytes().splitlines()]
    pointer = current(store, prefix)
    won = {link.sha256: link.generation for link, _ in chain(store, prefix, pointer.snapshot if pointer else None)}
    if sorted(won.values()) != list(range(1, len(won) + 1)):
        raise AssertionError(f"generations are not 1 to {len(won)}")
    claims = Counter(line["claim"] for line in lines)
    wins = Counter(line["generation"] for line in lines if line["claim"] == "won")
    unclaimed = set(won) - {line["sha256"] for line in lines}
    misjudged = sum((line["sha256"] in won) != (line["claim"] == "won") for line in lines if line["claim"] != "unknown")
    return Raced(
        commits=len(won),
        attempts=len(lines),
        faults=sum(line["faults"] for line in lines),
        unknown=claims["unknown"],
        misjudged=misjudged + len(unclaimed),
        doubled=sum(count > 1 for count in wins.values()),
    )


def _write(address: StoreAddress, prefix: str, folder: Path, number: int, commits: int, seed: int) -> None:
    chance, beaten = random.Random(seed), 0
    hit = Counter[str]()

    def fail(moment: str, nth: int, what: str) -> None:  # noqa: ARG001
        if chance.random() < FAULTS / 2:
            hit["faults"] += 1
            raise ConnectionClosedError(endpoint_url="loopback")

    store, _ = counted(connected(address), address.bucket, fail)
    with (folder / f"{number:02}.log").open("wb", buffering=0) as log:
        for turn in range(commits * 1000):
            try:
                found = read(store, prefix)
            except StoreUnavailable:
                continue
            pointer, etag = found or (None, None)
            if pointer and pointer.snapshot.generation >= commits:
                return
            manifest = _manifest(number, turn, pointer.snapshot if pointer else None)
            hit.clear()
            claim = _claimed(store, prefix, manifest, etag)
            line = {"claim": claim, "sha256": manifest.reference().sha256, "generation": manifest.generation}
            log.write(orjson.dumps({**line, "faults": hit["faults"]}) + b"\n")
            beaten = beaten + 1 if claim == "lost" else 0
            if beaten:
                time.sleep(chance.random() * min(LONGEST_S, THINK_S * 2**beaten))


def _claimed(store: Store, prefix: str, manifest: Manifest, etag: str | None) -> str:
    """What the writer believes. Before the pointer was tried it knows that it did not win; after, it may not know."""
    try:
        move(store, prefix, manifest, SIGNER, etag)
    except SnapshotConflict:
        return "lost"
    except DatazonesError:
        return "unknown"
    return "won"


def _manifest(writer: int, turn: int, before: Reference | None) -> Manifest:
    return Manifest(
        zone_id="hunan",
        generation=before.generation + 1 if before else 1,
        snapshot_id=f"{writer:032x}{turn:032x}",
        parent=before,
        restores=None,
        created_at=AT,
        storage_version="v1.2.0",
        tables=(),
        files=(),
        verdict=PASSED,
        approval=None,
        feeds=(),
        load_id=turn,
        code_version="0",
    )
