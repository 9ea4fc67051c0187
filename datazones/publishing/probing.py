"""What a store really does with a condition: some accept every one and ignore it, and would lose a snapshot one day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from uuid import uuid4

from datazones.errors import StoreUnsafe
from datazones.publishing.store import Outcome, Store

SCRATCH = "probe"
"""The prefix under which a store is tried out."""

ROUNDS = 3
"""Of the race: a store that checks first and writes later rarely lets two writers win three times."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One property of the store, whether it holds, and whether publishing can do without it."""

    name: str
    holds: bool
    required: bool = True


def probe(store: Store, prefix: str) -> list[Probe]:
    """Try each property on a scratch object of its own under the prefix, which is removed again."""
    scratch = f"{prefix}/probe-{uuid4().hex}"
    found = []
    for number, (name, check, required) in enumerate(_CHECKS):
        key = f"{scratch}-{number}"
        try:
            found.append(Probe(name, check(store, key), required))
        finally:
            store.remove(key)
    return found


def refuse_unsafe(probes: Sequence[Probe]) -> None:
    """StoreUnsafe naming what the store lacks of what publishing cannot do without."""
    lacking = [probe.name for probe in probes if probe.required and not probe.holds]
    if lacking:
        raise StoreUnsafe(
            "the object store",
            found="no " + ", no ".join(lacking),
            expected="every condition to be honoured",
            next_step="use a bucket without versioning on a store that honours If-None-Match and If-Match on put",
        )


def _reads_what_was_written(store: Store, key: str) -> bool:
    return store.get(key) is None and store.swap(key, b"one", None) is Outcome.OURS and _holds(store, key, b"one")


def _creates_only(store: Store, key: str) -> bool:
    store.swap(key, b"one", None)
    return store.swap(key, b"two", None) is Outcome.NOT_OURS and _holds(store, key, b"one")


def _compares_and_swaps(store: Store, key: str) -> bool:
    store.swap(key, b"one", None)
    _, etag = store.get(key) or (None, None)
    swapped = store.swap(key, b"two", etag) is Outcome.OURS
    return swapped and store.swap(key, b"three", etag) is Outcome.NOT_OURS and _holds(store, key, b"two")


def _one_of_two_wins(store: Store, key: str) -> bool:
    """Two writers at once from the same state: first from none, then from the winner's."""
    with ThreadPoolExecutor(2) as writers:
        for number in range(ROUNDS):
            _, etag = store.get(key) or (None, None)
            together = Barrier(2)

            def write(name: str, number: int = number, etag: str | None = etag, gate: Barrier = together) -> Outcome:
                gate.wait()
                return store.swap(key, f"{number} {name}".encode(), etag)

            if sorted(outcome.name for outcome in writers.map(write, ("a", "b"))) != ["NOT_OURS", "OURS"]:
                return False
    return True


def _holds(store: Store, key: str, content: bytes) -> bool:
    held, _ = store.get(key) or (None, None)
    return held == content


_CHECKS: tuple[tuple[str, Callable[[Store, str], bool], bool], ...] = (
    ("read after write", _reads_what_was_written, True),
    ("create-only put", _creates_only, True),
    ("compare-and-swap", _compares_and_swaps, True),
    ("one winner of a race", _one_of_two_wins, True),
    ("refusal of damaged bytes", Store.refuses_damage, False),
)
