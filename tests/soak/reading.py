"""Readers that poll a zone while it is published over and over: no error, nothing mixed, nobody going back."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

import orjson

from datazones.publishing import Store, StoreAddress, pull
from datazones.publishing.signing import ANYBODY
from tests.forking import Fork
from tests.snapshots import SIGNER, candidate, put

HANDS = 25
"""Readers in one process."""


def poll(
    address: StoreAddress, prefix: str, folder: Path, *, readers: int, publishes: int, pause_s: float
) -> Counter[str]:
    """Publish so often while readers poll; how often they polled, saw something new, something mixed, or went back."""
    done = get_context("fork").Event()
    groups = range(-(-readers // HANDS))
    polling = [
        Fork(
            target=_read,
            args=(address, prefix, folder / str(group), min(HANDS, readers - group * HANDS), done, pause_s),
        )
        for group in groups
    ]
    for process in polling:
        process.start()
    parent = None
    try:
        with Store.at(address) as store:
            for number in range(1, publishes + 1):
                parent = put(store, prefix, candidate(folder / "built", f"{number:06}", parent)).parent()
    finally:
        done.set()
        for process in polling:
            process.join()
    seen = Counter[str](publishes=parent.generation if parent else 0)
    for group in groups:
        seen.update(orjson.loads((folder / str(group) / "seen.json").read_bytes()))
    seen["failed processes"] = sum(bool(process.exitcode) for process in polling)
    return seen


def _read(address: StoreAddress, prefix: str, folder: Path, readers: int, done: Event, pause_s: float) -> None:
    def one(number: int) -> Counter[str]:
        chance, seen, last = random.Random(number), Counter[str](), 0
        into = folder / str(number) / "hunan.duckdb"
        finished = False
        while not finished:
            finished = done.wait(chance.random() * pause_s)
            pulled = pull(store, prefix, into, trusted={SIGNER.public_key} if number % 2 else ANYBODY)
            generation = pulled.generation if pulled else 0
            figures = into.read_bytes()[:6].decode() if pulled else f"{0:06}"
            seen.update(polls=1, new=generation > last, back=generation < last, mixed=int(figures) != generation)
            last = generation
        return seen

    with Store.at(address) as store, ThreadPoolExecutor(readers) as hands:
        total = sum(hands.map(one, range(readers)), Counter[str]())
    (folder / "seen.json").write_bytes(orjson.dumps(total))
