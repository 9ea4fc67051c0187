"""One fault at one request of one operation, before or after it took effect: got over, or said to be undecided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from datazones.errors import StoreUnavailable
from datazones.publishing import Approval, Snapshot, Store, StoreAddress, pull, rollback, verify
from tests.lossy import Fault, lossy
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
    """What is done; how many requests it makes; the generation that the zone is in afterwards."""

    do: Callable[[Zone], object]
    requests: int
    generation: int


def _publish(zone: Zone) -> object:
    return put(zone.store, zone.prefix, candidate(zone.folder, "third", zone.last.parent()))


def _rollback(zone: Zone) -> object:
    return rollback(zone.store, zone.prefix, 1, AT, approval=AGAIN, signer=SIGNER)


def _pull(zone: Zone) -> object:
    return pull(zone.store, zone.prefix, zone.folder / "pulled" / "hunan.duckdb")


OPERATIONS = {
    "publish": Operation(_publish, 13, 3),
    "rollback": Operation(_rollback, 12, 3),
    "pull": Operation(_pull, 4, 2),
}


def disturb(address: StoreAddress, folder: Path, name: str, faults: Sequence[Fault]) -> tuple[int, list[str]]:
    """Each of these faults at each request of an operation: how many were tried, and what was wrong with which."""
    tried = list(product(faults, range(1, OPERATIONS[name].requests + 1)))
    with ThreadPoolExecutor(HANDS) as hands:
        found = list(hands.map(lambda at: _disturbed(address, folder / uuid4().hex, OPERATIONS[name], *at), tried))
    return len(tried), [wrong for wrong in found if wrong]


def _disturbed(address: StoreAddress, folder: Path, operation: Operation, fault: Fault, nth: int) -> str:
    """What came of one fault at the n-th request; empty when it is as it must be."""
    prefix = f"zones/{uuid4().hex}"
    with lossy(address) as proxy, Store.at(address) as calm:
        last = put(calm, prefix, candidate(folder, "second", put(calm, prefix, candidate(folder, "first")).parent()))
        proxy.planned, proxy.late_s = {nth: fault}, LATE_S
        with Store.at(replace(proxy.address, patience_s=PATIENCE_S)) as store:
            try:
                operation.do(Zone(store, prefix, folder, last))
            except StoreUnavailable:
                if fault != "cut":  # nobody asks twice for a body that was cut: the next run does
                    return f"{fault} at request {nth}: nobody could say"
                operation.do(Zone(calm, prefix, folder, last))
        generation = verify(calm, prefix).manifests
        fell = len(proxy.seen) >= nth
        return "" if generation == operation.generation and fell else f"{fault} at {nth}: generation {generation}"
