"""`python -m tests.fuzz --inputs 1000000 --seed 1 [DIALECT ...]`: 0 uncaught, 0 read that the bytes do not hold.

A run that was stopped goes on where it was when it is started again with the same seed; `--afresh` begins again and
`--inputs 0` only shows how far it came. The dialects advance together, so that whenever it is stopped each has seen
about as many inputs. Should a process die, the run ends: `--jobs 1` then shows the block that ends it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from datazones import dialects
from tests.fuzz.keeping import Kept
from tests.fuzz.running import BLOCK, block

_AT_ONCE = 280
"""Blocks that are handed out together, to processes that end with them: what parsers leak does not add up."""
_SHOWN = 5
_HEADINGS = ("dialect", "inputs", "read", "conformed", "refused", "uncaught", "silent", "slowest", "commits")
_ROW = "| " + " | ".join(["{}"] * len(_HEADINGS)) + " |"


def _waiting(kept: list[Kept], inputs: int) -> Iterator[tuple[Kept, int]]:
    """The blocks that are left, of all dialects in turn."""
    for nth in range(-(-inputs // BLOCK)):
        yield from ((each, nth) for each in kept if nth not in each.blocks)


def _fuzz(kept: list[Kept], options: argparse.Namespace, commit: str) -> None:
    left, begun, before = _waiting(kept, options.inputs), time.monotonic(), _inputs(kept)
    context = get_context("spawn")  # a forked child would hold locks of threads that it does not have
    while some := list(islice(left, _AT_ONCE)):
        with ProcessPoolExecutor(options.jobs, context) as pool:
            running = {
                pool.submit(block, each.found.dialect, options.seed, nth, options.piece): (each, nth)
                for each, nth in some
            }
            for done in as_completed(running):
                each, nth = running[done]
                each.add(nth, done.result(), commit)
        speed = (_inputs(kept) - before) / (time.monotonic() - begun)
        print(f"{time.strftime('%H:%M:%S')} {_inputs(kept):,} inputs, {speed:,.0f} a second", flush=True)


def _inputs(kept: list[Kept]) -> int:
    return sum(each.found.inputs for each in kept)


def _report(kept: list[Kept], seed: int) -> None:
    """One row per dialect, as `docs/fuzzing.md` has it, and the first of what must not happen."""
    print(f"seed {seed}", _ROW.format(*_HEADINGS), "|---" * len(_HEADINGS) + "|", sep="\n")
    for each in kept:
        found = each.found
        numbers = (found.inputs, found.read, found.conformed, found.refused.total())
        wrong = (len(found.uncaught), len(found.silent), f"{found.slowest_s:.1f} s", " ".join(each.commits))
        print(_ROW.format(found.dialect, *(f"{number:,}" for number in numbers), *wrong))
        for what, body in [*found.uncaught[:_SHOWN], *found.silent[:_SHOWN]]:
            print(f"  {what}\n    {body[:6000]}")


def _commit() -> str:
    """What is fuzzed; a mark at the end says that files differ from it."""
    asked = ("git", "describe", "--always", "--dirty=+", "--exclude=*")
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Fuzz the named dialects (unset: all); the exit code is 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("dialects", nargs="*", default=list(dialects.names()))
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each dialect, in blocks of a thousand")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--piece", type=int, help="bytes at which answers are cut as large ones are (unset: never)")
    parser.add_argument("--kept", type=Path, default=Path(".fuzz"), help="folder of what is known so far")
    parser.add_argument("--afresh", action="store_true", help="forget what is known of these dialects")
    options = parser.parse_args()
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    folder = options.kept / (f"seed-{options.seed}" + (f"-piece-{options.piece}" if options.piece else ""))
    kept = [Kept(folder / f"{name}.json", name, afresh=options.afresh) for name in options.dialects]
    _fuzz(kept, options, _commit())
    _report(kept, options.seed)
    sys.exit(any(each.found.uncaught or each.found.silent for each in kept))


if __name__ == "__main__":
    main()
