"""A snapshot appears whole or not at all, never changes, and a reader never goes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from botocore.exceptions import ConnectionClosedError

from datazones.errors import ExpectationsFailed, SnapshotConflict, SnapshotTampered
from datazones.model import Parent
from datazones.publishing import Store, StoreAddress, base_of, current, fetch_manifest, last_pulled, publish, pull
from datazones.publishing.manifest import Manifest, snapshot_id
from tests.lossy import lossy
from tests.snapshots import AT, FEED, HELD_BACK, PASSED, SIGNER, beside, candidate, counted, following, put


@pytest.fixture(scope="module")
def store(embedded: StoreAddress) -> Iterator[Store]:
    """One kind of store: what a snapshot is does not depend on it, and the crash tests publish to both."""
    with Store.at(embedded) as found:
        yield found


@pytest.fixture
def published(store: Store, prefix: str, tmp_path: Path) -> Parent:
    """The zone's first snapshot, as the next candidate stands on it."""
    return put(store, prefix, candidate(tmp_path, "first")).parent()


def _manifest(store: Store, prefix: str) -> Manifest:
    pointer = current(store, prefix)
    assert pointer
    return fetch_manifest(store, prefix, pointer.snapshot)


def _overwrite(store: Store, prefix: str, relative: str, content: bytes) -> None:
    """As somebody with the keys to the bucket could."""
    store._client.put_object(Bucket=store._bucket, Key=f"{prefix}/{relative}", Body=content)


def test_before_its_first_snapshot_a_zone_has_no_pointer_and_nothing_to_pull(
    store: Store, prefix: str, into: Path
) -> None:
    assert current(store, prefix) is None
    assert pull(store, prefix, into) is None
    assert last_pulled(into) is None


def test_the_manifest_says_what_was_published_and_what_the_gate_found_without_its_sample_rows(
    store: Store, prefix: str, tmp_path: Path
) -> None:
    offered = candidate(tmp_path, "first")
    snapshot = put(store, prefix, offered)
    manifest = _manifest(store, prefix)
    file, *parts = manifest.files
    assert [(part.name, part.table, part.rows) for part in parts] == [
        ("series.parquet", "series", 3),
        ("latest.parquet", "latest", 3),
    ]
    assert (snapshot.generation, snapshot.moved, snapshot.snapshot_id) == (1, True, manifest.snapshot_id)
    assert manifest.parent is None
    assert manifest.created_at == AT
    assert manifest.storage_version == offered.storage_version
    assert (manifest.tables, manifest.feeds, manifest.load_id) == (offered.tables, (FEED,), offered.load_id)
    assert (file.name, file.sha256, file.size) == ("warehouse.duckdb", offered.digest, offered.file.stat().st_size)
    assert (manifest.verdict.checks, manifest.verdict.findings[0].rule) == (12, "late")
    assert manifest.verdict.findings[0].sample == ()


@pytest.mark.usefixtures("published")
def test_a_manifest_is_canonical_json_under_its_own_sha256(store: Store, prefix: str) -> None:
    pointer = current(store, prefix)
    assert pointer
    content, _ = store.get(f"{prefix}/{pointer.snapshot.key}") or (b"", "")
    assert sha256(content).hexdigest() == pointer.snapshot.sha256
    assert pointer.snapshot.sha256 in pointer.snapshot.key
    assert orjson.dumps(orjson.loads(content), option=orjson.OPT_SORT_KEYS) == content


def test_each_snapshot_names_the_manifest_before_it_back_to_the_first(
    store: Store, prefix: str, tmp_path: Path, published: Parent
) -> None:
    first = current(store, prefix)
    second = put(store, prefix, candidate(tmp_path, "second", published))
    put(store, prefix, candidate(tmp_path, "third", second.parent()))
    third = _manifest(store, prefix)
    assert third.generation == 3
    assert third.parent
    assert first
    assert fetch_manifest(store, prefix, third.parent).parent == first.snapshot


def test_the_same_content_built_again_has_the_same_id_and_moves_nothing(
    store: Store, prefix: str, tmp_path: Path, published: Parent
) -> None:
    before = store.get(f"{prefix}/CURRENT")
    again = put(store, prefix, candidate(tmp_path, "first"))
    assert (again.moved, again.parent()) == (False, published)
    assert store.get(f"{prefix}/CURRENT") == before


def test_an_id_says_which_zone_and_which_tables_whatever_their_order(tmp_path: Path) -> None:
    (table,) = candidate(tmp_path, "a").tables
    other = replace(table, name="series")
    assert snapshot_id("hunan", (table, other)) == snapshot_id("hunan", (other, table))
    assert snapshot_id("hunan", (table,)) != snapshot_id("hubei", (table,))
    assert snapshot_id("hunan", (table,)) != snapshot_id("hunan", (replace(table, rows=4),))


def test_a_candidate_that_stands_on_an_older_snapshot_loses_before_anything_is_put(
    store: Store, prefix: str, tmp_path: Path, published: Parent
) -> None:
    put(store, prefix, candidate(tmp_path, "second", published))
    objects = list(store.listing(prefix))
    for parent in (published, None, replace(published, generation=2)):
        with pytest.raises(SnapshotConflict):
            put(store, prefix, candidate(tmp_path, "third", parent))
    assert list(store.listing(prefix)) == objects


def test_a_file_that_was_built_again_after_the_gate_saw_it_is_not_published(
    store: Store, prefix: str, tmp_path: Path
) -> None:
    examined = candidate(tmp_path, "first")
    candidate(tmp_path, "first")
    with pytest.raises(SnapshotConflict, match="examined"):
        put(store, prefix, examined)
    assert current(store, prefix) is None
    assert list(store.listing(f"{prefix}/manifests/")) == []


def test_a_bad_verdict_is_not_published_and_leaves_nothing_in_the_store(
    store: Store, prefix: str, tmp_path: Path
) -> None:
    with pytest.raises(ExpectationsFailed):
        publish(store, prefix, candidate(tmp_path, "first"), HELD_BACK, AT, signer=SIGNER)
    assert list(store.listing(prefix)) == []


def test_a_report_is_published_with_the_snapshot_as_a_file_of_its_manifest(
    store: Store, prefix: str, tmp_path: Path
) -> None:
    offered, report = candidate(tmp_path, "first"), beside(tmp_path)
    publish(store, prefix, offered, PASSED, AT, signer=SIGNER, beside=report)
    for given in report:
        file = _manifest(store, prefix).file(given.name)
        assert file
        assert file.key == f"objects/{given.digest}{Path(given.path).suffix}"
        assert store.digest(f"{prefix}/{file.key}") == file.sha256 == given.digest


def test_a_swap_whose_answer_was_lost_counts_also_when_another_snapshot_has_followed(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    with Store.at(embedded) as other:

        def overtake(moment: str, number: int, what: str) -> None:  # noqa: ARG001
            if (moment, what) == ("after", f"put_object {prefix}/CURRENT"):
                pointer = current(other, prefix)
                assert pointer
                put(other, prefix, candidate(tmp_path, "theirs", following(pointer)))
                raise ConnectionClosedError(endpoint_url=embedded.url)

        store, _ = counted(other._client, embedded.bucket, overtake)
        ours = put(store, prefix, candidate(tmp_path, "ours"))
        pointer = current(other, prefix)
    assert (ours.generation, ours.moved) == (1, True)
    assert pointer
    assert pointer.snapshot.generation == 2


def test_a_swap_that_another_writer_won_is_a_conflict(embedded: StoreAddress, prefix: str, tmp_path: Path) -> None:
    with Store.at(embedded) as other:

        def overtake(moment: str, number: int, what: str) -> None:  # noqa: ARG001
            if (moment, what) == ("before", f"put_object {prefix}/CURRENT"):
                put(other, prefix, candidate(tmp_path, "theirs"))

        store, _ = counted(other._client, embedded.bucket, overtake)
        with pytest.raises(SnapshotConflict):
            put(store, prefix, candidate(tmp_path, "ours"))
        assert _manifest(other, prefix).snapshot_id == put(other, prefix, candidate(tmp_path, "theirs")).snapshot_id


def test_pulling_brings_the_published_bytes_and_remembers_what_they_are(
    store: Store, prefix: str, tmp_path: Path, into: Path
) -> None:
    offered = candidate(tmp_path, "first")
    snapshot = put(store, prefix, offered)
    pulled = pull(store, prefix, into)
    assert pulled == last_pulled(into)
    assert pulled
    assert (pulled.generation, pulled.snapshot_id, pulled.load_id) == (1, snapshot.snapshot_id, 1)
    assert into.read_bytes() == offered.file.read_bytes()
    assert [path for path in into.parent.iterdir() if not path.name.startswith(".")] == [into]


@pytest.mark.usefixtures("published")
def test_pulling_again_fetches_only_what_is_missing(embedded: StoreAddress, prefix: str, into: Path) -> None:
    with lossy(embedded) as proxy, Store.at(proxy.address) as store:
        pull(store, prefix, into)
        assert len([line for line in proxy.seen if "/objects/" in line]) == 1
        pull(store, prefix, into)
        assert len([line for line in proxy.seen if "/objects/" in line]) == 1


@pytest.mark.parametrize("damage", ["changed", "cut", "gone", "a log of changes beside it"])
@pytest.mark.usefixtures("published")
def test_a_pulled_file_that_is_not_as_published_any_more_is_fetched_again(
    store: Store, prefix: str, into: Path, damage: str
) -> None:
    pull(store, prefix, into)
    content, log = into.read_bytes(), into.with_name(f"{into.name}.wal")
    if damage == "gone":
        into.unlink()
    elif damage == "a log of changes beside it":
        log.write_bytes(b"what a reader would apply to the published file")
    else:
        into.write_bytes(content[:-1] + (b"?" if damage == "changed" else b""))
    pull(store, prefix, into)
    assert into.read_bytes() == content
    assert not log.exists()


def test_a_reader_that_has_the_old_file_open_keeps_reading_it(
    store: Store, prefix: str, tmp_path: Path, published: Parent, into: Path
) -> None:
    pull(store, prefix, into)
    old = into.read_bytes()
    with into.open("rb") as reader:
        put(store, prefix, candidate(tmp_path, "second", published))
        pull(store, prefix, into)
        assert reader.read() == old
    assert into.read_bytes() != old


@pytest.mark.parametrize("damage", ["changed", "cut", "swapped", "gone"])
@pytest.mark.parametrize(("kind", "suffix"), [("objects", ".duckdb"), ("manifests", ".json"), ("manifests", ".sig")])
def test_published_bytes_that_are_not_those_that_were_promised_are_refused(
    store: Store, prefix: str, tmp_path: Path, published: Parent, into: Path, kind: str, suffix: str, damage: str
) -> None:
    def keys() -> set[str]:
        return {found.key for found in store.listing(f"{prefix}/{kind}/") if found.key.endswith(suffix)}

    pull(store, prefix, into)
    held, others = into.read_bytes(), keys()
    put(store, prefix, candidate(tmp_path, "second", published))
    (key,) = keys() - others
    content, _ = store.get(key) or (b"", "")
    if damage == "gone":
        store.remove(key)
    else:
        swapped, _ = store.get(others.pop()) or (b"", "")
        _overwrite(store, prefix, key.removeprefix(f"{prefix}/"), {
            "changed": content[:-1] + bytes([content[-1] ^ 1]), "cut": content[:-1], "swapped": swapped,
        }[damage])  # fmt: skip
    with pytest.raises(SnapshotTampered):
        pull(store, prefix, into)
    assert into.read_bytes() == held
    assert (last_pulled(into) or published).generation == 1


def test_an_old_pointer_that_is_played_back_is_refused(
    store: Store, prefix: str, tmp_path: Path, published: Parent, into: Path
) -> None:
    old, _ = store.get(f"{prefix}/CURRENT") or (b"", "")
    put(store, prefix, candidate(tmp_path, "second", published))
    pull(store, prefix, into)
    _overwrite(store, prefix, "CURRENT", old)
    with pytest.raises(SnapshotTampered, match="rollback is a new generation"):
        pull(store, prefix, into)
    store.remove(f"{prefix}/CURRENT")
    with pytest.raises(SnapshotTampered, match="no pointer"):
        pull(store, prefix, into)
    assert (last_pulled(into) or published).generation == 2


def test_another_history_of_the_same_length_is_refused(store: Store, prefix: str, tmp_path: Path, into: Path) -> None:
    put(store, prefix, candidate(tmp_path, "ours"))
    pull(store, prefix, into)
    store.remove(f"{prefix}/CURRENT")
    put(store, prefix, candidate(tmp_path, "theirs"))
    with pytest.raises(SnapshotTampered):
        pull(store, prefix, into)


def test_another_zones_pointer_is_refused_however_far_it_is(
    store: Store, prefix: str, tmp_path: Path, published: Parent, into: Path
) -> None:
    pull(store, prefix, into)
    put(store, prefix, candidate(tmp_path, "theirs", published, zone_id="hubei"))
    with pytest.raises(SnapshotTampered, match="hubei"):
        pull(store, prefix, into)


EARLIER = (
    b'{"approval":null,"code_version":"0.1.0","created_at":"2026-04-01T09:30:00Z","feeds":[],"files":[{"key":"objects/'
    + b"a" * 64
    + b'.duckdb","name":"warehouse.duckdb","rows":null,"sha256":"'
    + b"a" * 64
    + b'","size":3,"table":null}],"generation":1,"layout":1,"load_id":1,"parent":null,"restores":null,"snapshot_id":"'
    + b"b" * 64
    + b'","storage_version":"v1.2.0","tables":[],"verdict":{"checks":1,"findings":[],"passed":true},"zone_id":"hunan"}'
)
"""A manifest as it was written before files said how they were made."""


def test_a_manifest_of_an_earlier_layout_is_read_and_keeps_its_bytes(tmp_path: Path) -> None:
    manifest = Manifest.read(EARLIER, "manifests/0000000001-x.json")
    assert (manifest.layout, manifest.recipe, manifest.files[0].content) == (1, None, None)
    assert manifest.canonical() == EARLIER
    with Store.at(StoreAddress("http://127.0.0.1:9", "nobody")) as nobody:
        assert base_of(nobody, "zones/hunan", manifest, tmp_path / "hunan.duckdb") is None


@pytest.mark.parametrize(
    "pointer",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b'{"layout": 2}',
        b'{"layout": 1, "zone_id": "hunan", "write_id": "a", "snapshot": {"generation": 0}}',
        b'{"layout": 1, "zone_id": "hunan", "write_id": "a", "snapshot": {"generation": "9", "snapshot_id": "x"}}',
    ],
)
def test_a_pointer_that_is_none_is_refused_and_what_is_wrong_with_it_is_named(
    store: Store, prefix: str, into: Path, pointer: bytes
) -> None:
    _overwrite(store, prefix, "CURRENT", pointer)
    with pytest.raises(SnapshotTampered, match="layout 1"):
        pull(store, prefix, into)


@pytest.mark.usefixtures("published")
def test_a_pointer_cannot_name_a_manifest_outside_its_prefix(store: Store, prefix: str) -> None:
    pointer, _ = store.get(f"{prefix}/CURRENT") or (b"", "")
    plain = orjson.loads(pointer)
    plain["snapshot"]["key"] = "manifests/../../beijing/manifests/1.json"
    _overwrite(store, prefix, "CURRENT", orjson.dumps(plain))
    with pytest.raises(SnapshotTampered, match="key"):
        current(store, prefix)
