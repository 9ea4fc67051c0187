"""`python -m tests.soak`: writers race for 10,000 commits with faults, readers poll during 1,000 publishes, every
request of every operation is disturbed, and the last steps are killed before every call that changes a file.
`python -m tests.soak --only race` runs one of them, `--store ceph` against Ceph."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from datazones.publishing import StoreAddress
from infra.stores import STORES
from tests.lossy import Fault
from tests.soak import disturbing, killing, racing, reading

Soak = Callable[[StoreAddress, Path, argparse.Namespace], bool]


def race(address: StoreAddress, folder: Path, asked: argparse.Namespace) -> bool:
    """Whether no win was taken for a loss, no loss for a win, and no generation had two."""
    raced = racing.race(address, "zones/race", folder, writers=asked.writers, commits=asked.commits, seed=asked.seed)
    print(f"race: seed {asked.seed}: {asdict(raced)}", flush=True)
    return not (raced.misjudged or raced.doubled)


def poll(address: StoreAddress, folder: Path, asked: argparse.Namespace) -> bool:
    """Whether no reader failed, saw a mixed snapshot, or went back."""
    seen = reading.poll(
        address, "zones/poll", folder, readers=asked.readers, publishes=asked.publishes, pause_s=asked.pause
    )
    print(f"poll: {dict(seen)}", flush=True)
    return not (seen["mixed"] or seen["back"] or seen["failed processes"])


def disturb(address: StoreAddress, folder: Path, asked: argparse.Namespace) -> bool:  # noqa: ARG001
    """Whether every fault at every request of every operation was got over or said to be undecided."""
    failed = 0
    for operation in disturbing.OPERATIONS:
        tried, wrong = disturbing.disturb(address, folder, operation, get_args(Fault))
        print(f"faults in {operation}: {tried - len(wrong)} of {tried} as they must be", *wrong, sep="\n", flush=True)
        failed += len(wrong)
    return not failed


def kill(address: StoreAddress, folder: Path, asked: argparse.Namespace) -> bool:
    """Whether old or new was there, whole, after every kill, and the next run ended right."""
    tried, wrong = killing.kills(address, folder, asked.calls)
    print(f"kills: {tried - len(wrong)} of {tried} as they must be", *wrong, sep="\n", flush=True)
    return not wrong


SOAKS: dict[str, Soak] = {soak.__name__: soak for soak in (race, poll, disturb, kill)}


def main() -> None:
    """Print what happened; end with 1 if anything was not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--only", choices=SOAKS, help="run this one")
    parser.add_argument("--store", choices=STORES, default="embedded")
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--publishes", type=int, default=1_000)
    parser.add_argument(
        "--pause", type=float, default=5.0, help="seconds that a reader waits at most between two polls"
    )
    parser.add_argument("--calls", nargs="+", choices=killing.CALLS, default=killing.CALLS, help="before which to kill")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    good = True
    for name in [asked.only] if asked.only else SOAKS:
        with tempfile.TemporaryDirectory() as folder, STORES[asked.store](Path(folder) / "store", "soak") as address:
            into, begun = Path(folder) / name, time.monotonic()
            into.mkdir()
            good &= SOAKS[name](address, into, asked)
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    sys.exit(not good)


if __name__ == "__main__":
    main()
