"""What the gate held back is kept whole, and a person's word is the only way past it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from datazones.errors import ExpectationsFailed, SignerUnknown, SnapshotConflict, SnapshotTampered, UnknownCode
from datazones.model import Candidate, Parent
from datazones.publishing import (
    Approval,
    Held,
    Signer,
    Store,
    StoreAddress,
    approve,
    current,
    fetch_manifest,
    held,
    hold,
    publish,
    pull,
    waiting,
)
from datazones.publishing.pointing import read
from tests.snapshots import AT, HELD_BACK, PASSED, SIGNER, beside, candidate, following, put

FILES = ["warehouse.duckdb", "series.parquet", "latest.parquet", "report.html", "report.json"]
CENSUS = Approval(because="the fifth economic census restated it", by="A. Owner")


@pytest.fixture(scope="module")
def store(embedded: StoreAddress) -> Iterator[Store]:
    with Store.at(embedded) as found:
        yield found


@pytest.fixture
def parent(store: Store, prefix: str, tmp_path: Path) -> Parent:
    return put(store, prefix, candidate(tmp_path, "first")).parent()


def _held(store: Store, prefix: str, offered: Candidate) -> Held:
    return hold(store, prefix, offered, HELD_BACK, AT, signer=SIGNER, beside=beside(offered.file.parent))


def test_holding_a_candidate_keeps_its_file_and_its_report_and_moves_no_pointer(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    before = current(store, prefix)
    kept = _held(store, prefix, candidate(tmp_path, "second", parent))
    assert current(store, prefix) == before
    assert [file.name for file in kept.manifest.files] == FILES
    assert all(store.digest(f"{prefix}/{file.key}") == file.sha256 for file in kept.manifest.files)
    assert waiting(store, prefix) == [kept]
    assert store.get(f"{prefix}/{kept.key}")


def test_the_same_content_is_held_once_however_often_it_is_built_again(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    first = _held(store, prefix, candidate(tmp_path / "a", "second", parent))
    assert _held(store, prefix, candidate(tmp_path / "b", "second", parent)) == first
    assert waiting(store, prefix) == [first]


def test_an_approval_publishes_exactly_what_was_examined_with_its_reason(
    store: Store, prefix: str, tmp_path: Path, into: Path, parent: Parent
) -> None:
    offered = candidate(tmp_path, "second", parent)
    snapshot = approve(store, prefix, _held(store, prefix, offered), CENSUS, AT, signer=SIGNER)
    pointer = current(store, prefix)
    assert pointer
    manifest = fetch_manifest(store, prefix, pointer.snapshot)
    assert (manifest.approval, manifest.generation) == (CENSUS, snapshot.generation) == (CENSUS, 2)
    assert not manifest.verdict.passed
    assert [file.name for file in manifest.files] == FILES
    pull(store, prefix, into)
    assert into.read_bytes() == offered.file.read_bytes()


def test_the_first_snapshot_of_a_zone_can_be_held_and_approved(store: Store, prefix: str, tmp_path: Path) -> None:
    kept = _held(store, prefix, candidate(tmp_path, "first"))
    assert approve(store, prefix, kept, CENSUS, AT, signer=SIGNER).generation == 1
    assert waiting(store, prefix) == []


def test_nothing_but_an_approval_publishes_what_was_held(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    before = current(store, prefix)
    offered = candidate(tmp_path, "second", parent)
    _held(store, prefix, offered)
    with pytest.raises(ExpectationsFailed):  # the same again
        publish(store, prefix, offered, HELD_BACK, AT, signer=SIGNER)
    for nothing in ("", " \n"):  # a reason that is none
        with pytest.raises(ValidationError):
            Approval(because=nothing, by="A. Owner")
    _held(store, prefix, offered)  # holding it once more
    candidate(tmp_path, "second", parent)  # the file built anew, and a good verdict
    with pytest.raises(SnapshotConflict, match="examined"):
        publish(store, prefix, offered, PASSED, AT, signer=SIGNER)
    assert current(store, prefix) == before


def test_what_a_worker_signed_as_held_back_cannot_be_laid_out_as_published(
    store: Store, prefix: str, tmp_path: Path, into: Path, parent: Parent
) -> None:
    pull(store, prefix, into)
    kept = _held(store, prefix, candidate(tmp_path, "second", parent))
    reference, (_, etag) = kept.manifest.reference(), read(store, prefix) or (None, None)
    store.create(f"{prefix}/{reference.key}", kept.manifest.canonical())
    store.create(f"{prefix}/{reference.key}.sig", kept.signature.canonical())
    pointer = SIGNER.point("hunan", reference)
    store.swap(f"{prefix}/CURRENT", pointer.canonical(), etag)
    with pytest.raises(SnapshotTampered, match="signature"):
        pull(store, prefix, into)


def test_nothing_is_held_or_approved_on_a_pointer_that_no_trusted_worker_signed(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    kept = _held(store, prefix, candidate(tmp_path / "a", "second", parent))
    pointer, etag = read(store, prefix) or (None, None)
    assert pointer
    stranger = Signer.from_hex("a7" * 32)
    store.swap(f"{prefix}/CURRENT", stranger.point("hunan", pointer.snapshot).canonical(), etag)
    with pytest.raises(SignerUnknown):
        waiting(store, prefix, {SIGNER.public_key})
    with pytest.raises(SignerUnknown):
        approve(store, prefix, kept, CENSUS, AT, signer=SIGNER)
    with pytest.raises(SignerUnknown):
        _held(store, prefix, candidate(tmp_path / "b", "third", parent))


def test_a_held_candidate_that_no_trusted_worker_signed_is_not_approved(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    _held(store, prefix, candidate(tmp_path, "second", parent))
    with pytest.raises(SignerUnknown):
        held(store, prefix, None, {"0" * 64})


def test_a_candidate_cannot_be_approved_once_another_snapshot_is_published(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    kept = _held(store, prefix, candidate(tmp_path, "second", parent))
    put(store, prefix, candidate(tmp_path, "third", parent))
    after = current(store, prefix)
    assert waiting(store, prefix) == []
    with pytest.raises(UnknownCode, match="none that stands on the published snapshot"):
        held(store, prefix)
    with pytest.raises(SnapshotConflict):
        approve(store, prefix, kept, CENSUS, AT, signer=SIGNER)
    assert current(store, prefix) == after


def test_approving_twice_publishes_once(store: Store, prefix: str, tmp_path: Path, parent: Parent) -> None:
    kept = _held(store, prefix, candidate(tmp_path, "second", parent))
    approve(store, prefix, kept, CENSUS, AT, signer=SIGNER)
    after = current(store, prefix)
    assert not approve(store, prefix, kept, CENSUS, AT, signer=SIGNER).moved
    assert current(store, prefix) == after


def test_a_held_file_that_was_changed_in_the_store_is_not_published(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    before = current(store, prefix)
    kept = _held(store, prefix, candidate(tmp_path, "second", parent))
    store._client.put_object(Bucket=store._bucket, Key=f"{prefix}/{kept.manifest.files[0].key}", Body=b"other figures")
    with pytest.raises(SnapshotTampered):
        approve(store, prefix, kept, CENSUS, AT, signer=SIGNER)
    assert current(store, prefix) == before


def test_of_several_that_wait_one_has_to_be_named(store: Store, prefix: str, tmp_path: Path, parent: Parent) -> None:
    kept = [_held(store, prefix, candidate(tmp_path, figures, parent)) for figures in ("second", "third")]
    with pytest.raises(SnapshotConflict, match="--candidate"):
        held(store, prefix)
    assert held(store, prefix, kept[1].manifest.snapshot_id[:12]) == kept[1]


def test_what_follows_an_approved_snapshot_is_published_as_ever(
    store: Store, prefix: str, tmp_path: Path, parent: Parent
) -> None:
    approve(store, prefix, _held(store, prefix, candidate(tmp_path, "second", parent)), CENSUS, AT, signer=SIGNER)
    pointer = current(store, prefix)
    assert pointer
    put(store, prefix, candidate(tmp_path, "third", following(pointer)))
    pointer = current(store, prefix)
    assert pointer
    assert fetch_manifest(store, prefix, pointer.snapshot).approval is None
