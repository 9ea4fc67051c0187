"""Who signed, and whom a reader trusts."""

from __future__ import annotations

from pathlib import Path

import pytest

from datazones.errors import CatalogueInvalid, SignerUnknown, SnapshotTampered
from datazones.model import Parent
from datazones.publishing import Signer, Store, StoreAddress, current, fetch_signed, publish, pull, verify
from datazones.publishing.signing import verify_signature
from tests.snapshots import AT, PASSED, SIGNER, candidate, put

OTHER = Signer.from_hex("0e" * 32)


def test_a_key_made_at_first_use_is_kept_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "hunan.key"
    made = Signer.kept_at(path)
    assert Signer.kept_at(path).public_key == made.public_key
    assert path.stat().st_mode & 0o077 == 0
    assert [found.name for found in path.parent.iterdir()] == ["hunan.key"]


@pytest.mark.parametrize("text", ["", "secret", "5e" * 31, "zz" * 32])
def test_a_text_that_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CatalogueInvalid) as refused:
        Signer.from_hex(text)
    assert not text or text not in str(refused.value)


def test_the_signature_is_that_of_the_first_test_vector_of_rfc_8032() -> None:
    signer = Signer.from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert signer.public_key == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer._private.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901")


def test_a_signature_holds_for_its_bytes_and_its_key_only() -> None:
    signature = SIGNER.sign(b"figures")
    verify_signature(b"figures", signature, {SIGNER.public_key}, "a")
    with pytest.raises(SnapshotTampered):
        verify_signature(b"forgery", signature, {SIGNER.public_key}, "a")
    with pytest.raises(SignerUnknown):
        verify_signature(b"figures", signature, {OTHER.public_key}, "a")
    forged = OTHER.sign(b"figures").model_copy(update={"public_key": SIGNER.public_key})
    with pytest.raises(SnapshotTampered):
        verify_signature(b"figures", forged, {SIGNER.public_key}, "a")


def test_a_reader_keeps_to_the_key_of_the_first_snapshot_it_saw(
    embedded: StoreAddress, prefix: str, tmp_path: Path, into: Path
) -> None:
    with Store.at(embedded) as store:
        first = put(store, prefix, candidate(tmp_path, "first"))
        assert (pull(store, prefix, into) or first).generation == 1
        second = candidate(tmp_path, "second", first.parent())
        publish(store, prefix, second, PASSED, AT, signer=OTHER, trusted={SIGNER.public_key})
        with pytest.raises(SignerUnknown, match=OTHER.public_key):
            pull(store, prefix, into)
        assert into.read_bytes().startswith(b"first")
        pulled = pull(store, prefix, into, trusted={SIGNER.public_key, OTHER.public_key})
        assert pulled
        assert (pulled.generation, pulled.public_key) == (2, OTHER.public_key)


def test_a_retired_key_is_heard_below_the_head_and_nowhere_else(
    embedded: StoreAddress, prefix: str, tmp_path: Path, into: Path
) -> None:
    old, new = {SIGNER.public_key}, {OTHER.public_key}
    with Store.at(embedded) as store:
        first = put(store, prefix, candidate(tmp_path, "first"))
        with pytest.raises(SignerUnknown, match="CURRENT"):
            verify(store, prefix, new, retired=old)
        second = candidate(tmp_path, "second", first.parent())
        publish(store, prefix, second, PASSED, AT, signer=OTHER, trusted=old)
        with pytest.raises(SignerUnknown, match="manifests/0000000001"):
            verify(store, prefix, new)
        verified = verify(store, prefix, new, retired=old)
        assert (verified.manifests, verified.public_key) == (2, OTHER.public_key)
        assert (pull(store, prefix, into, trusted=new) or first).generation == 2
        forged = candidate(tmp_path, "forged", Parent(2, verified.head.snapshot_id, 1))
        publish(store, prefix, forged, PASSED, AT, signer=SIGNER, trusted=new)  # by whoever has the key that leaked
        with pytest.raises(SignerUnknown, match="CURRENT"):
            verify(store, prefix, new, retired=old)
        with pytest.raises(SignerUnknown, match="CURRENT"):
            pull(store, prefix, into, trusted=new)
        assert into.read_bytes().startswith(b"second")


def test_a_worker_with_another_key_publishes_nothing_on_top_of_what_it_does_not_trust(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    with Store.at(embedded) as store:
        first = put(store, prefix, candidate(tmp_path, "first"))
        before = list(store.listing(prefix))
        with pytest.raises(SignerUnknown, match="DATAZONES_SIGNING_KEY"):
            publish(store, prefix, candidate(tmp_path, "second", first.parent()), PASSED, AT, signer=OTHER)
        assert list(store.listing(prefix)) == before


def test_the_manifest_in_the_store_has_its_signature_beside_it(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    with Store.at(embedded) as store:
        put(store, prefix, candidate(tmp_path, "first"))
        pointer = current(store, prefix)
        assert pointer
        _, public_key = fetch_signed(store, prefix, pointer.snapshot, {SIGNER.public_key})
    assert public_key == SIGNER.public_key
