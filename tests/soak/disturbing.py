"""One fault at one request of one operation, before or after it took effect: got over, or said to be undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from datazones.errors import StoreUnavailable
from datazones.publishing import Approval, Snapshot, Store, StoreAddress, pull, rollback, verify
from tests.lossy import Fault, Proxy, lossy
from tests.snapshots import AT, SIGNER, candidate, put

HANDS = 8
PATIENCE_S, LATE_S = 5.0, 6.0
AGAIN = Approval(because="a fault", by="A. Owner")


class Zone(NamedTuple):
    """A zone that has published twice, as a store shows it."""

    store: Store
    prefix: str
    folder: Path
    last: Snapshot


class Operation(NamedTuple):
    """What is done, and the generation that the zone is in afterwards."""

    do: Callable[[Zone], object]
    generation: int


def _publish(zone: Zone) -> object:
    return put(zone.store, zone.prefix, candidate(zone.folder, "third", zone.last.parent()))


def _rollback(zone: Zone) -> object:
    return rollback(zone.store, zone.prefix, 1, AT, approval=AGAIN, signer=SIGNER)


def _pull(zone: Zone) -> object:
    return pull(zone.store, zone.prefix, zone.folder / "pulled" / "hunan.duckdb")


OPERATIONS = {
    "publish": Operation(_publish, 3),
    "rollback": Operation(_rollback, 3),
    "pull": Operation(_pull, 2),
}


def disturb(address: StoreAddress, folder: Path, name: str, faults: Sequence[Fault]) -> tuple[int, list[str]]:
    """Each of these faults at each request of an operation: how many were tried, and what was wrong with which."""
    operation = OPERATIONS[name]
    with _published_twice(address, folder / "undisturbed") as (zone, proxy):
        operation.do(zone)
        requests = len(proxy.seen)
    tried = list(product(faults, range(1, requests + 1)))
    with ThreadPoolExecutor(HANDS) as hands:
        found = list(hands.map(lambda at: _disturbed(address, folder / uuid4().hex, operation, *at), tried))
    return len(tried), [wrong for wrong in found if wrong]


@contextmanager
def _published_twice(address: StoreAddress, folder: Path) -> Iterator[tuple[Zone, Proxy]]:
    """A new zone, as it is seen through a proxy that has seen nothing yet."""
    prefix = f"zones/{uuid4().hex}"
    with lossy(address) as proxy, Store.at(address) as calm:
        last = put(calm, prefix, candidate(folder, "second", put(calm, prefix, candidate(folder, "first")).parent()))
        with Store.at(replace(proxy.address, patience_s=PATIENCE_S)) as store:
            yield Zone(store, prefix, folder, last), proxy


def _disturbed(address: StoreAddress, folder: Path, operation: Operation, fault: Fault, nth: int) -> str:
    """What came of one fault at the n-th request; empty when it is as it must be."""
    with _published_twice(address, folder) as (zone, proxy), Store.at(address) as calm:
        proxy.planned, proxy.late_s = {nth: fault}, LATE_S
        try:
            operation.do(zone)
        except StoreUnavailable:
            if fault != "cut":  # nobody asks twice for a body that was cut: the next run does
                return f"{fault} at request {nth}: nobody could say"
            operation.do(zone._replace(store=calm))
        generation = verify(calm, zone.prefix).manifests
        if len(proxy.seen) < nth:
            return f"{fault} at request {nth}: there was none"
        return "" if generation == operation.generation else f"{fault} at request {nth}: generation {generation}"
