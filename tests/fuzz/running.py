"""Blocks of hostile inputs, the same for the same seed wherever they run, and what became of them."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from datazones import dialects
from datazones.conforming import conform
from datazones.errors import DatazonesError
from datazones.model import Cube, Hints
from tests.fuzz.checking import unexplained
from tests.fuzz.mutating import hostile
from tests.fuzz.seeds import HINTS, SEEDS

BLOCK = 1000
"""Inputs to a block: the smallest part of a run that is repeated or left out."""

CONFORMED = 4
"""Every so manieth answer that could be read is conformed too, which takes longer than everything else together."""


_BECAME_OF: dict[bytes, DatazonesError | None] = {}
"""What conforming said of the cubes with these contents, in this process, which lives for some blocks only."""


@dataclass
class Fuzzed:
    """What became of inputs of one dialect; what must not happen has the bytes in hexadecimal beside it."""

    dialect: str
    inputs: int = 0
    read: int = 0
    conformed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    uncaught: list[tuple[str, str]] = field(default_factory=list)
    silent: list[tuple[str, str]] = field(default_factory=list)
    slowest_s: float = 0.0

    def add(self, other: Fuzzed) -> None:
        """Take in what became of further inputs."""
        self.inputs += other.inputs
        self.read += other.read
        self.conformed += other.conformed
        self.refused += other.refused
        self.uncaught += other.uncaught
        self.silent += other.silent
        self.slowest_s = max(self.slowest_s, other.slowest_s)


def block(dialect: str, seed: int, nth: int, piece: int | None = None) -> Fuzzed:
    """The inputs of one block through their dialect; with `piece`, they are cut as answers of many megabytes are."""
    for module in pieced() if piece else ():
        module.PIECE = piece
    chance, found = random.Random(f"{dialect} {seed} {nth}"), Fuzzed(dialect)
    for _ in range(BLOCK):
        begun = time.monotonic()
        one(hostile(chance, SEEDS[dialect]), found)
        found.slowest_s = max(found.slowest_s, time.monotonic() - begun)
    return found


def pieced() -> list[Any]:
    """The modules that say at how many bytes they cut what they read in pieces."""
    found = pkgutil.iter_modules(dialects.__path__, f"{dialects.__name__}.")
    modules = [importlib.import_module(module.name) for module in found]
    return [module for module in modules if hasattr(module, "PIECE")]


def one(body: bytes, found: Fuzzed) -> None:
    """One input: read, or refused by an error of ours; anything else is noted."""
    found.inputs += 1
    try:
        strange = _read(body, found)
    except DatazonesError as error:
        found.refused[error.code] += 1
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - what must not happen is counted here
        found.uncaught.append((f"{type(error).__name__}: {str(error)[:120]}", body.hex()))
    else:
        found.read += 1
        if strange:
            found.silent.append((str(strange[:8]), body.hex()))


def _read(body: bytes, found: Fuzzed) -> list[object]:
    """What is strange in the answer; conforming has the last word on that, because it refuses what is no figure."""
    hints = HINTS.get(found.dialect, Hints())
    cubes = list(dialects.named(found.dialect).read(body, hints))
    strange = unexplained(found.dialect, [cube.frame for cube in cubes], body)
    if strange or found.read % CONFORMED == 0:
        _conform(cubes, hints)
        found.conformed += 1
    return strange


def _conform(cubes: Sequence[Cube], hints: Hints) -> None:
    """Conform, or say again what became of the very same cubes: most mutations leave what is read as it was."""
    content = hashlib.sha256(repr([_content(cube) for cube in cubes]).encode("utf-8", "surrogatepass")).digest()
    if content not in _BECAME_OF:
        try:
            list(conform(cubes, hints))
            _BECAME_OF[content] = None
        except DatazonesError as error:
            _BECAME_OF[content] = error
    if refused := _BECAME_OF[content]:
        raise refused.with_traceback(None)


def _content(cube: Cube) -> tuple[object, ...]:
    said = (cube.dimensions, cube.agency_id, cube.dataflow_id, cube.series_attributes, cube.released_at)
    return *cube.frame.schema.items(), *cube.frame.rows(), *said
