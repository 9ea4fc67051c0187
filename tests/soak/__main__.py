"""`python -m tests.soak`: writers race for 10,000 commits with faults, and readers poll during 1,000 publishes."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from infra import local_s3
from tests.lossy import Fault
from tests.soak import disturbing, racing, reading


def main() -> None:
    """Print what happened; end with 1 if anything was misjudged, doubled, mixed or went back."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--publishes", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, local_s3.running(Path(name) / "store", "soak") as address:
        folder = Path(name)
        begun = time.monotonic()
        (folder / "race").mkdir()
        raced = racing.race(
            address, "zones/race", folder / "race", writers=asked.writers, commits=asked.commits, seed=asked.seed
        )
        print(f"race, {time.monotonic() - begun:.0f} s, seed {asked.seed}: {asdict(raced)}", flush=True)
        begun = time.monotonic()
        seen = reading.poll(
            address, "zones/poll", folder / "poll", readers=asked.readers, publishes=asked.publishes, pause_s=5.0
        )
        print(f"poll, {time.monotonic() - begun:.0f} s: {dict(seen)}", flush=True)
        failed = 0
        for operation in disturbing.OPERATIONS:
            tried, wrong = disturbing.disturb(address, folder / "faults", operation, get_args(Fault))
            print(
                f"faults in {operation}: {tried - len(wrong)} of {tried} as they must be", *wrong, sep="\n", flush=True
            )
            failed += len(wrong)
    sys.exit(
        bool(failed or raced.misjudged or raced.doubled or seen["mixed"] or seen["back"] or seen["failed processes"])
    )


if __name__ == "__main__":
    main()
