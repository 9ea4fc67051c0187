"""A store that would lose a snapshot is found out before it is trusted."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from datazones.catalogue import load
from datazones.errors import StoreUnsafe
from datazones.publishing import Probe, Store, StoreAddress, probe, refuse_unsafe
from tasks.equip import Equipment
from tests.hubs import installation
from tests.journey.homes import Home, keys_of
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


def test_a_run_writes_nothing_to_such_a_store_and_reads_what_is_there(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    with lossy(embedded) as proxy, ExitStack() as stack:
        proxy.deaf = True
        store = Equipment(installation(proxy.address, tmp_path), load(), stack).store
        assert store.get(f"{prefix}/a") is None
        for write in (lambda: store.create(f"{prefix}/a", b"a"), lambda: store.swap(f"{prefix}/a", b"a", None)):
            with pytest.raises(StoreUnsafe):
                write()
        assert store.get(f"{prefix}/a") is None


def test_a_machine_that_writes_probes_its_store_once_a_day(embedded: StoreAddress, prefix: str, tmp_path: Path) -> None:
    with lossy(embedded) as proxy:
        asked = []
        for name in ("a", "b"):
            with ExitStack() as stack:
                Equipment(installation(proxy.address, tmp_path), load(), stack).store.create(f"{prefix}/{name}", b"")
            proxy.deaf = True  # from now on a probe would refuse it
            asked.append([path.name for path in (tmp_path / "home" / "probed").iterdir()])
    assert len(asked[0]) == 1
    assert asked[0] == asked[1]


def test_the_doctor_refuses_such_a_store_by_exit_code_and_names_what_it_lacks(
    embedded: StoreAddress, tmp_path: Path
) -> None:
    with lossy(embedded) as proxy:
        proxy.deaf = True
        done = Home(tmp_path, keys_of(proxy.address)).run("doctor", "--json")
    assert done.returncode == 5, done.stderr
    (store,) = [row for row in json.loads(done.stdout) if row["check"] == "object store"]
    assert store["well"] is False
    assert "no create-only put, no compare-and-swap, no one winner of a race" in store["found"]
    assert str(embedded.secret_key) not in done.stdout


def test_a_store_that_does_not_check_checksums_is_good_enough_since_every_byte_is_read_back() -> None:
    refuse_unsafe([Probe("refusal of damaged bytes", holds=False, required=False)])
