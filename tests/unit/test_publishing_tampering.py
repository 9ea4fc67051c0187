"""Every byte of a small zone flipped, its files swapped, another's key: whatever is not as it was signed is refused."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import permutations
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from datazones.errors import SignerUnknown, SnapshotTampered
from datazones.publishing import Signer, Store, StoreAddress, current, publish, pull, verify
from datazones.publishing.signing import SUFFIX
from tests.snapshots import AT, PASSED, SIGNER, candidate, put

TRUSTED = {SIGNER.public_key}
EVERY = 100
"""Of the bytes that are flipped in a store itself, which takes longer."""


class Replayed:
    """At the wire: answers as the store that it was recorded from, but for what was changed since."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get_object(self, Bucket: str, Key: str) -> dict[str, object]:  # noqa: ARG002, N803  (boto3's own names)
        if Key not in self.objects:
            absent = {"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(absent, "GetObject")  # type: ignore[arg-type]  # what S3 says, and no more
        content = self.objects[Key]
        return {"Body": StreamingBody(BytesIO(content), len(content)), "ETag": '"0"'}


@pytest.fixture
def recorded(embedded: StoreAddress, prefix: str, tmp_path: Path) -> dict[str, bytes]:
    """Two snapshots of a zone as a real store has them, whole keys and bytes."""
    with Store.at(embedded) as store:
        first = put(store, prefix, candidate(tmp_path, "first"))
        put(store, prefix, candidate(tmp_path, "second", first.parent()))
        return {found.key: (store.get(found.key) or (b"", ""))[0] for found in store.listing(prefix)}


def _replaying(objects: dict[str, bytes]) -> Store:
    return Store(Replayed(objects), "figures")  # type: ignore[arg-type]  # it stands before a client, at the wire


def _published(objects: dict[str, bytes], prefix: str) -> tuple[set[str], set[str]]:
    """The keys that `verify` answers for, and those of them that `pull` reads."""
    pointer = current(_replaying(objects), prefix)
    assert pointer
    head = verify(_replaying(objects), prefix).head
    read = {f"{prefix}/CURRENT", f"{prefix}/{pointer.snapshot.key}", f"{prefix}/{pointer.snapshot.key}{SUFFIX}"}
    manifests = {key for key in objects if "/manifests/" in key}
    files = {f"{prefix}/{file.key}" for file in head.files}
    return read | manifests | files, read | {f"{prefix}/{head.files[0].key}"}


def _flips(objects: dict[str, bytes], keys: set[str]) -> Iterator[tuple[str, int, bytes]]:
    """Every byte of these objects with one bit turned."""
    for key in sorted(keys):
        for place, byte in enumerate(objects[key]):
            content = objects[key]
            yield key, place, content[:place] + bytes([byte ^ 1 << place % 8]) + content[place + 1 :]


def test_every_byte_that_is_flipped_is_refused_by_verify_and_by_pull(
    recorded: dict[str, bytes], prefix: str, tmp_path: Path
) -> None:
    verified, pulled = _published(recorded, prefix)
    refused = {"verify": 0, "pull": 0}
    for number, (key, _, content) in enumerate(_flips(recorded, verified)):
        store = _replaying({**recorded, key: content})
        with pytest.raises(SnapshotTampered):
            verify(store, prefix, TRUSTED)
        refused["verify"] += 1
        if key in pulled:
            with pytest.raises(SnapshotTampered):
                pull(store, prefix, tmp_path / str(number) / "hunan.duckdb", trusted=TRUSTED)
            refused["pull"] += 1
    assert refused == {
        "verify": sum(len(recorded[key]) for key in verified),
        "pull": sum(len(recorded[key]) for key in pulled),
    }
    print(f"flipped bytes refused: {refused}")


def test_flipped_bytes_in_a_real_store_are_refused_as_well(
    recorded: dict[str, bytes], embedded: StoreAddress, prefix: str, into: Path
) -> None:
    _, pulled = _published(recorded, prefix)
    with Store.at(embedded) as store:
        for key, place, content in _flips(recorded, pulled):
            if place % EVERY == 0:
                store._client.put_object(Bucket=embedded.bucket, Key=key, Body=content)
                with pytest.raises(SnapshotTampered):
                    pull(store, prefix, into, trusted=TRUSTED)
                store._client.put_object(Bucket=embedded.bucket, Key=key, Body=recorded[key])
        assert pull(store, prefix, into, trusted=TRUSTED)


def test_no_object_can_stand_in_the_place_of_another(recorded: dict[str, bytes], prefix: str) -> None:
    verified, _ = _published(recorded, prefix)
    for one, other in permutations(sorted(verified), 2):
        with pytest.raises(SnapshotTampered):
            verify(_replaying({**recorded, one: recorded[other]}), prefix, TRUSTED)


def test_no_object_can_be_missing(recorded: dict[str, bytes], prefix: str) -> None:
    verified, _ = _published(recorded, prefix)
    for key in sorted(verified - {f"{prefix}/CURRENT"}):
        without = {name: content for name, content in recorded.items() if name != key}
        with pytest.raises(SnapshotTampered, match="no object"):
            verify(_replaying(without), prefix, TRUSTED)


def test_whatever_another_key_has_signed_is_refused_by_its_name(
    embedded: StoreAddress, prefix: str, tmp_path: Path, into: Path
) -> None:
    other = Signer.from_hex("0e" * 32)
    with Store.at(embedded) as store:
        publish(store, prefix, candidate(tmp_path, "first"), PASSED, AT, signer=other)
        with pytest.raises(SignerUnknown, match=other.public_key):
            verify(store, prefix, TRUSTED)
        with pytest.raises(SignerUnknown, match=other.public_key):
            pull(store, prefix, into, trusted=TRUSTED)
        assert not into.exists()


def test_a_manifest_that_was_signed_and_never_published_cannot_be_pointed_to_by_others(
    recorded: dict[str, bytes], embedded: StoreAddress, prefix: str
) -> None:
    pointer = current(_replaying(recorded), prefix)
    assert pointer
    with Store.at(embedded) as store:
        parent = verify(store, prefix).head.parent
    assert parent
    moved = pointer.model_copy(update={"snapshot": parent}).canonical()
    with pytest.raises(SnapshotTampered, match="signature"):
        verify(_replaying({**recorded, f"{prefix}/CURRENT": moved}), prefix, TRUSTED)
