"""A store that would lose a snapshot is found out before it is trusted."""

from __future__ import annotations

import pytest

from datazones.errors import StoreUnsafe
from datazones.publishing import Probe, Store, StoreAddress, probe, refuse_unsafe
from tests.lossy import lossy


def test_a_store_that_honours_conditions_passes_and_is_left_as_it_was(store: Store, prefix: str) -> None:
    probes = probe(store, prefix)
    assert {found.name for found in probes if found.holds} == {found.name for found in probes}
    refuse_unsafe(probes)
    assert list(store.listing(prefix)) == []


def test_a_store_that_ignores_conditions_is_refused_and_told_what_it_lacks(embedded: StoreAddress, prefix: str) -> None:
    with lossy(embedded) as proxy, Store.at(proxy.address) as store:
        proxy.deaf = True
        probes = probe(store, prefix)
    assert {found.name for found in probes if not found.holds} == {
        "create-only put",
        "compare-and-swap",
        "one winner of a race",
    }
    with pytest.raises(StoreUnsafe, match="no create-only put, no compare-and-swap, no one winner of a race"):
        refuse_unsafe(probes)


def test_a_store_that_does_not_check_checksums_is_good_enough_since_every_byte_is_read_back() -> None:
    refuse_unsafe([Probe("refusal of damaged bytes", holds=False, required=False)])
