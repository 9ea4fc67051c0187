"""`python -m tests.fuzz --inputs 1000000 --seed 1 [DIALECT ...]`: 0 uncaught, 0 figures that the bytes do not hold."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from datazones import dialects
from datazones.conforming import conform
from datazones.errors import DatazonesError
from datazones.model import Hints
from tests.fuzz.mutating import hostile
from tests.fuzz.seeds import HINTS, SEEDS

FIGURE = re.compile(rb"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
GROUPED = re.compile(rb"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_SHOWN = 5


@dataclass
class Fuzzed:
    """What became of the inputs of one dialect."""

    dialect: str
    inputs: int = 0
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    uncaught: list[tuple[str, str]] = field(default_factory=list)
    invented: list[tuple[str, str]] = field(default_factory=list)

    def __add__(self, other: Fuzzed) -> Fuzzed:
        return Fuzzed(
            self.dialect,
            self.inputs + other.inputs,
            self.read + other.read,
            self.refused + other.refused,
            self.uncaught + other.uncaught,
            self.invented + other.invented,
        )


def fuzz(dialect: str, seed: int, inputs: int) -> Fuzzed:
    """So many mutated answers through one dialect and conforming."""
    chance, seeds, found = random.Random(f"{dialect} {seed}"), SEEDS[dialect], Fuzzed(dialect)
    hints = HINTS.get(dialect, Hints())
    for _ in range(inputs):
        _one(hostile(chance, seeds), hints, found)
    return found


def _one(body: bytes, hints: Hints, found: Fuzzed) -> None:
    found.inputs += 1
    try:
        figures = list(_figures(found.dialect, body, hints))
    except DatazonesError as error:
        found.refused[error.code] += 1
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - what must not happen is counted here
        found.uncaught.append((f"{type(error).__name__}: {str(error)[:120]}", body.hex()))
    else:
        found.read += 1
        if not _held(figures, body):
            found.invented.append((str(figures[:8]), body.hex()))


def _figures(dialect: str, body: bytes, hints: Hints) -> Iterator[float]:
    for piece in conform(dialects.named(dialect).read(body, hints), hints):
        yield from piece.observations["obs_value"].drop_nulls()


def _held(figures: list[float], body: bytes) -> bool:
    """Whether every figure stands in the bytes as some number does."""
    plain = body if body[:2] not in (b"PK", b"\x1f\x8b") else None
    if plain is None:
        return True
    if plain[:2] in (b"\xff\xfe", b"\xfe\xff"):
        plain = plain.replace(b"\x00", b"")
    said = {float(token) for token in FIGURE.findall(plain)}
    said |= {float(token.replace(b",", b"")) for token in GROUPED.findall(plain)}
    return all(abs(figure) in said for figure in figures)


def _report(found: Fuzzed, seconds: float) -> None:
    print(
        f"{found.dialect}: {found.inputs:,} inputs in {seconds:.0f} s, {found.read:,} read, "
        f"{sum(found.refused.values()):,} refused {dict(found.refused)}, {len(found.uncaught)} uncaught, "
        f"{len(found.invented)} with a figure that is not in the bytes",
        flush=True,
    )
    for what, body in (found.uncaught + found.invented)[:_SHOWN]:
        print(f"  {what}\n    {body[:600]}")


def main() -> None:
    """Fuzz the named dialects (unset: all) on all cores; the exit code is 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("dialects", nargs="*", default=list(dialects.names()))
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each dialect")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    totals = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for dialect in options.dialects:
            begun, slices = time.monotonic(), options.jobs * 8
            shares = [options.inputs // slices + (number < options.inputs % slices) for number in range(slices)]
            runs = [
                pool.submit(fuzz, dialect, options.seed * 1000 + number, share) for number, share in enumerate(shares)
            ]
            total = sum((run.result() for run in runs), Fuzzed(dialect))
            _report(total, time.monotonic() - begun)
            totals.append(total)
    print(json.dumps({total.dialect: total.inputs for total in totals}))
    sys.exit(any(total.uncaught or total.invented for total in totals))


if __name__ == "__main__":
    main()
