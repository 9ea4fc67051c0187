"""Two writes, create and swap, whose answers may be lost: the store says rightly whose object is there."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from datazones.errors import CatalogueInvalid, SnapshotTampered, StoreUnavailable
from datazones.publishing import Outcome, Store, StoreAddress
from datazones.publishing.store import SMALL, Sealed
from tests.lossy import Fault, lossy

LOSSES: list[Fault] = ["lost before", "lost after", "500 after"]


def test_what_was_created_is_read_back_with_an_etag_that_has_no_quotes(store: Store, prefix: str) -> None:
    store.create(f"{prefix}/a", b"figures")
    content, etag = store.get(f"{prefix}/a") or (None, "")
    assert content == b"figures"
    assert etag
    assert '"' not in etag


def test_an_object_that_does_not_exist_is_none_however_it_is_asked_for(
    store: Store, prefix: str, tmp_path: Path
) -> None:
    assert store.get(f"{prefix}/a") is None
    assert store.digest(f"{prefix}/a") is None
    assert store.get_to(f"{prefix}/a", tmp_path / "a") is None
    assert not (tmp_path / "a").exists()


def test_a_file_is_created_and_comes_back_the_same_byte_for_byte(store: Store, prefix: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "out").write_bytes(content)
    with (tmp_path / "out").open("rb") as out:
        store.create(f"{prefix}/a", Sealed.of(out))
    assert store.get_to(f"{prefix}/a", tmp_path / "back") == sha256(content).hexdigest()
    assert (tmp_path / "back").read_bytes() == content
    assert store.digest(f"{prefix}/a") == sha256(content).hexdigest()


def test_creating_the_same_bytes_again_sends_nothing(embedded: StoreAddress, prefix: str) -> None:
    with lossy(embedded) as proxy, Store.at(proxy.address) as store:
        store.create(f"{prefix}/a", bytes(SMALL + 1))
        store.create(f"{prefix}/a", bytes(SMALL + 1))
    assert [line.split()[0] for line in proxy.seen] == ["HEAD", "PUT", "HEAD"]


@pytest.mark.parametrize("other", [b"forgery", b"longer than before"])
def test_creating_other_bytes_under_a_taken_key_is_refused_and_changes_nothing(
    store: Store, prefix: str, other: bytes
) -> None:
    store.create(f"{prefix}/a", b"figures")
    with pytest.raises(SnapshotTampered, match="other bytes"):
        store.create(f"{prefix}/a", other)
    assert (store.get(f"{prefix}/a") or ())[0] == b"figures"


def test_an_object_that_says_nothing_of_its_digest_is_told_by_its_bytes(
    store: Store, address: StoreAddress, prefix: str
) -> None:
    store._client.put_object(Bucket=address.bucket, Key=f"{prefix}/a", Body=b"figures")
    store.create(f"{prefix}/a", b"figures")
    with pytest.raises(SnapshotTampered):
        store.create(f"{prefix}/a", b"forgery")


def test_a_swap_wins_only_from_the_state_that_was_read(store: Store, prefix: str) -> None:
    key = f"{prefix}/CURRENT"
    assert store.swap(key, b"one", None) is Outcome.OURS
    _, first = store.get(key) or ("", "")
    assert store.swap(key, b"two", first) is Outcome.OURS
    assert store.swap(key, b"three", first) is Outcome.NOT_OURS
    assert store.swap(key, b"four", None) is Outcome.NOT_OURS
    assert (store.get(key) or ())[0] == b"two"


def test_a_swap_of_an_object_that_is_gone_is_not_ours(store: Store, prefix: str) -> None:
    assert store.swap(f"{prefix}/CURRENT", b"two", "0" * 32) is Outcome.NOT_OURS
    assert store.get(f"{prefix}/CURRENT") is None


@pytest.mark.parametrize("fault", LOSSES)
def test_a_write_whose_answer_was_lost_is_known_as_ours(address: StoreAddress, prefix: str, fault: Fault) -> None:
    with lossy(address) as proxy, Store.at(proxy.address) as store:
        proxy.faults = [fault]
        store.create(f"{prefix}/a", b"figures")
        assert (store.get(f"{prefix}/a") or ())[0] == b"figures"
        store.swap(f"{prefix}/CURRENT", b"one", None)
        _, etag = store.get(f"{prefix}/CURRENT") or ("", "")
        proxy.faults = [fault]
        assert store.swap(f"{prefix}/CURRENT", b"two", etag) is Outcome.OURS
        assert proxy.faults == []


@pytest.mark.parametrize("fault", LOSSES)
def test_a_swap_is_ours_also_when_every_try_of_the_client_lost_its_answer(
    embedded: StoreAddress, prefix: str, fault: Fault
) -> None:
    with lossy(embedded) as proxy, Store.at(proxy.address) as store:
        proxy.faults = [fault] * 3
        assert store.swap(f"{prefix}/CURRENT", b"one", None) is Outcome.OURS
        assert (store.get(f"{prefix}/CURRENT") or ())[0] == b"one"


def test_a_swap_nobody_answers_for_is_unknown_and_nothing_is_deleted(
    embedded: StoreAddress, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datazones.publishing.store.PAUSES_S", (0.0,))
    with lossy(embedded) as proxy, Store.at(proxy.address) as store:
        proxy.faults = ["lost before"] * 100
        assert store.swap(f"{prefix}/CURRENT", b"one", None) is Outcome.UNKNOWN
        with pytest.raises(StoreUnavailable):
            store.create(f"{prefix}/a", b"figures")
    assert not [line for line in proxy.seen if line.startswith("DELETE")]


def test_an_answer_that_is_cut_short_is_never_taken_for_the_object(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    with lossy(embedded, "GET") as proxy, Store.at(proxy.address) as store:
        store.create(f"{prefix}/a", b"figures" * 1000)
        for ask in (store.get, store.digest, lambda key: store.get_to(key, tmp_path / "a")):
            proxy.faults = ["cut"]
            with pytest.raises(StoreUnavailable):
                ask(f"{prefix}/a")


def test_a_store_that_is_not_there_is_unavailable_in_seconds(embedded: StoreAddress) -> None:
    with Store.at(replace(embedded, url="http://127.0.0.1:9")) as store, pytest.raises(StoreUnavailable, match=":9"):
        store.get("a")


def test_a_listing_shows_every_object_under_a_prefix_in_order(store: Store, prefix: str) -> None:
    for name in ("b", "a", "c/d"):
        store.create(f"{prefix}/{name}", name.encode())
    store.create(f"{prefix}x", b"")
    store.remove(f"{prefix}/b")
    assert [(found.key, found.size) for found in store.listing(f"{prefix}/")] == [
        (f"{prefix}/a", 1),
        (f"{prefix}/c/d", 3),
    ]


@pytest.mark.parametrize(
    "wrong", [{"access_key": "somebody"}, {"bucket": "no-such-bucket"}, {"access_key": "", "secret_key": ""}]
)
def test_wrong_settings_are_named_as_such_and_not_tried_again(address: StoreAddress, wrong: dict[str, str]) -> None:
    with Store.at(replace(address, **wrong)) as store:
        with pytest.raises(CatalogueInvalid, match="DATAZONES_STORE_"):
            store.get("a")
        with pytest.raises(CatalogueInvalid, match="DATAZONES_STORE_"):
            store.swap("a", b"", None)


def test_the_secret_key_is_not_part_of_what_an_address_says_of_itself(embedded: StoreAddress) -> None:
    assert embedded.secret_key
    assert embedded.secret_key not in repr(embedded)
