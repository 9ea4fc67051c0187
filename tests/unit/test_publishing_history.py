"""What was published can be listed, checked, taken back and thinned out, and none of it loses anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from botocore.exceptions import ClientError

from datazones.errors import SnapshotConflict, SnapshotTampered, UnknownCode
from datazones.model import Parent
from datazones.publishing import (
    Approval,
    Snapshot,
    Store,
    StoreAddress,
    current,
    fetch_warehouse,
    neighbours,
    pull,
    rollback,
    state,
    states,
    sweep,
    verify,
)
from datazones.publishing.signing import SUFFIX
from datazones.warehouse import compare, schema
from datazones.warehouse.connecting import Limits
from tests.snapshots import AT, SIGNER, candidate, counted, put

NO_TIME = timedelta(0)
WITHDRAWN = Approval(because="the release was withdrawn", by="A. Owner")


@pytest.fixture(scope="module")
def store(embedded: StoreAddress) -> Iterator[Store]:
    with Store.at(embedded) as found:
        yield found


@pytest.fixture
def three(store: Store, prefix: str, tmp_path: Path) -> list[Snapshot]:
    """Three snapshots of a zone, the last one published."""
    found: list[Snapshot] = []
    for figures in ("first", "second", "third"):
        found.append(put(store, prefix, candidate(tmp_path, figures, found[-1].parent() if found else None)))
    return found


def _back(store: Store, prefix: str, generation: int) -> Snapshot:
    return rollback(store, prefix, generation, AT, approval=WITHDRAWN, signer=SIGNER)


def _keys(store: Store, prefix: str, folder: str) -> set[str]:
    return {found.key for found in store.listing(f"{prefix}/{folder}/")}


@pytest.mark.usefixtures("three")
def test_history_goes_from_now_back_to_the_first(store: Store, prefix: str) -> None:
    assert [manifest.generation for _, manifest in states(store, prefix)] == [3, 2, 1]
    assert state(store, prefix, None)[1].generation == 3


LONG = 90


@pytest.fixture
def long(store: Store, prefix: str, tmp_path: Path) -> list[Snapshot]:
    """As many snapshots as nobody asks for one after the other, and beside them what beaten runs have left."""
    found: list[Snapshot] = []
    for number in range(1, LONG + 1):
        found.append(put(store, prefix, candidate(tmp_path, str(number), found[-1].parent() if found else None)))
        for digit in "09f" if number % 3 else "":
            store.create(f"{prefix}/manifests/{number:010}-{digit * 64}.json", b"{}")
    return found


@pytest.mark.usefixtures("long")
def test_a_long_history_is_asked_for_ahead_and_is_no_less_checked(
    embedded: StoreAddress, store: Store, prefix: str
) -> None:
    asked: list[str] = []
    under_way: list[int] = []

    def tell(moment: str, _: int, what: str) -> None:
        asked.append(f"{moment} {what}")
        under_way.append(sum(1 if line.startswith("before") else -1 for line in tuple(asked)))

    telling, _ = counted(store._client, embedded.bucket, tell)
    found = list(states(telling, prefix))
    assert [reference.generation for reference, _ in found] == list(range(LONG, 0, -1))
    assert max(under_way) > 4
    assert verify(store, prefix).manifests == LONG

    far = f"{prefix}/{found[LONG - 7][0].key}"
    content, _ = store.get(far) or (b"", "")
    store._client.put_object(Bucket=embedded.bucket, Key=far, Body=content.replace(b"NBS", b"NSB"))
    for walk in (lambda: list(states(store, prefix)), lambda: verify(store, prefix)):
        with pytest.raises(SnapshotTampered, match=far):
            walk()


@pytest.mark.usefixtures("long")
def test_who_may_read_manifests_and_not_list_them_goes_back_all_the_same(
    embedded: StoreAddress, store: Store, prefix: str
) -> None:
    def tell(moment: str, _: int, what: str) -> None:
        if moment == "before" and what.startswith("list_objects_v2"):
            refusal = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(refusal, "ListObjectsV2")  # type: ignore[arg-type]  # as much of it as is read

    telling, _ = counted(store._client, embedded.bucket, tell)
    assert [reference.generation for reference, _ in states(telling, prefix)] == list(range(LONG, 0, -1))


def test_a_zone_that_has_published_nothing_has_no_history(store: Store, prefix: str) -> None:
    assert list(states(store, prefix)) == []
    for ask in (lambda: state(store, prefix, None), lambda: verify(store, prefix), lambda: _back(store, prefix, 1)):
        with pytest.raises(UnknownCode):
            ask()


def test_a_rollback_is_a_new_generation_with_the_old_content_and_says_why(
    store: Store, prefix: str, three: list[Snapshot], into: Path
) -> None:
    objects = _keys(store, prefix, "objects")
    pull(store, prefix, into)
    back = _back(store, prefix, 1)
    manifest = state(store, prefix, None)[1]
    assert (back.generation, back.snapshot_id) == (4, three[0].snapshot_id)
    assert manifest.restores
    assert (manifest.restores.generation, manifest.approval) == (1, WITHDRAWN)
    assert _keys(store, prefix, "objects") == objects
    assert (pull(store, prefix, into) or back).generation == 4
    assert into.read_bytes().startswith(b"first")


def test_a_rollback_asks_little_of_the_store_whatever_the_size(
    embedded: StoreAddress, three: list[Snapshot], store: Store, prefix: str
) -> None:
    asked: list[str] = []
    telling, _ = counted(store._client, embedded.bucket, lambda moment, _, what: asked.append(f"{moment} {what}"))
    rollback(telling, prefix, three[0].generation, AT, approval=WITHDRAWN, signer=SIGNER)
    assert len([line for line in asked if line.startswith("before")]) <= 13
    assert not [line for line in asked if "_object " in line and "/objects/" in line]


@pytest.mark.usefixtures("three")
def test_a_rollback_can_be_rolled_back_and_published_upon(store: Store, prefix: str, tmp_path: Path) -> None:
    _back(store, prefix, 1)
    again = _back(store, prefix, 3)
    assert again.generation == 5
    after = put(store, prefix, candidate(tmp_path, "fourth", again.parent()))
    assert (after.generation, verify(store, prefix).manifests) == (6, 6)


@pytest.mark.parametrize("generation", [3, 4])
@pytest.mark.usefixtures("three")
def test_a_rollback_to_what_is_published_or_to_what_never_was_changes_nothing(
    store: Store, prefix: str, generation: int
) -> None:
    before = store.get(f"{prefix}/CURRENT")
    with pytest.raises(UnknownCode):
        _back(store, prefix, generation)
    assert store.get(f"{prefix}/CURRENT") == before


@pytest.mark.usefixtures("three")
def test_verifying_counts_what_it_found_right(store: Store, prefix: str) -> None:
    verified = verify(store, prefix, {SIGNER.public_key})
    assert (verified.head.generation, verified.manifests, verified.files) == (3, 3, 3)
    assert verified.size == sum(file.size for file in verified.head.files)


@pytest.mark.usefixtures("three")
def test_the_file_of_an_older_generation_can_be_had(store: Store, prefix: str, into: Path) -> None:
    fetch_warehouse(store, prefix, state(store, prefix, 2)[1], into)
    assert into.read_bytes().startswith(b"second")


@pytest.mark.usefixtures("three")
def test_sweeping_takes_the_files_of_old_snapshots_and_leaves_the_chain_whole(store: Store, prefix: str) -> None:
    manifests, objects = _keys(store, prefix, "manifests"), _keys(store, prefix, "objects")
    dry = sweep(store, prefix, AT, keep=1, younger_than=NO_TIME, grace=NO_TIME, dry=True)
    assert _keys(store, prefix, "objects") == objects
    swept = sweep(store, prefix, AT, keep=1, younger_than=NO_TIME, grace=NO_TIME)
    assert (swept.kept, len(swept.gone), swept.gone) == (1, 4, dry.gone)
    assert _keys(store, prefix, "manifests") == manifests
    assert verify(store, prefix).manifests == 3
    with pytest.raises(UnknownCode, match="in the store any more"):
        _back(store, prefix, 1)


@pytest.mark.usefixtures("three")
def test_what_is_young_or_among_the_newest_or_shared_with_those_stays(store: Store, prefix: str) -> None:
    assert sweep(store, prefix, AT, keep=3, younger_than=NO_TIME, grace=NO_TIME).gone == ()
    assert sweep(store, prefix, AT, keep=1, younger_than=timedelta(days=1), grace=NO_TIME).gone == ()
    assert sweep(store, prefix, AT, keep=1, younger_than=NO_TIME).gone == ()
    _back(store, prefix, 1)
    swept = sweep(store, prefix, AT, keep=1, younger_than=NO_TIME, grace=NO_TIME)
    assert len(swept.gone) == 4
    assert verify(store, prefix).head.restores


@pytest.mark.usefixtures("three")
def test_what_a_dead_run_left_goes_with_its_signature(store: Store, prefix: str) -> None:
    left = [f"{prefix}/objects/{'0' * 64}.parquet", f"{prefix}/manifests/0000000004-dead.json"]
    for key in (*left, f"{left[1]}{SUFFIX}"):
        store.create(key, b"left")
    swept = sweep(store, prefix, AT, keep=9, younger_than=NO_TIME, grace=NO_TIME)
    assert {found.key for found in swept.gone} == {*left, f"{left[1]}{SUFFIX}"}


@pytest.mark.usefixtures("three")
def test_nothing_goes_when_the_pointer_moves_between_the_two_listings(
    embedded: StoreAddress, store: Store, prefix: str, tmp_path: Path
) -> None:
    def overtake(moment: str, number: int, what: str) -> None:  # noqa: ARG001
        if (moment, what) == ("after", f"list_objects_v2 {prefix}/manifests/"):
            pointer = current(store, prefix)
            assert pointer
            parent = Parent(pointer.snapshot.generation, pointer.snapshot.snapshot_id, 1)
            put(store, prefix, candidate(tmp_path, "meanwhile", parent))

    objects = _keys(store, prefix, "objects")
    telling, _ = counted(store._client, embedded.bucket, overtake)
    with pytest.raises(SnapshotConflict):
        sweep(telling, prefix, AT, keep=1, younger_than=NO_TIME, grace=NO_TIME)
    assert objects < _keys(store, prefix, "objects")


def test_an_old_pointer_that_is_played_back_is_refused_by_whoever_saw_a_newer_one(
    store: Store, prefix: str, tmp_path: Path, into: Path
) -> None:
    first = put(store, prefix, candidate(tmp_path, "first"))
    old, _ = store.get(f"{prefix}/CURRENT") or (b"", "")
    put(store, prefix, candidate(tmp_path, "second", first.parent()))
    seen = pull(store, prefix, into)
    store._client.put_object(Bucket=store._bucket, Key=f"{prefix}/CURRENT", Body=old)
    with pytest.raises(SnapshotTampered, match="rollback is a new generation"):
        verify(store, prefix, seen=seen)


def _zone(path: Path, figures: dict[tuple[str, int], tuple[float | None, str | None]]) -> Path:
    with duckdb.connect(str(path)) as connection:
        schema.create(connection)
        for number, key in enumerate(sorted({series for series, _ in figures})):
            connection.execute(
                "INSERT INTO series BY NAME SELECT ?::INTEGER AS series_id, 'gdp' AS feed_id, ? AS series_key, "
                "'NBS' AS agency_id, 'fsnd' AS dataflow_id, '{}' AS dimensions",
                [number, key],
            )
            for (series, period), (figure, flag) in figures.items():
                if series == key:
                    connection.execute(
                        "INSERT INTO latest BY NAME SELECT ?::INTEGER AS series_id, ? AS time_period, "
                        "make_date(?, 1, 1) AS period_start, make_date(?, 1, 1) AS period_end, ?::DOUBLE AS obs_value, "
                        "? AS obs_status, TIMESTAMP '2026-01-01' AS known_from, 1 AS vintage_id",
                        [number, str(period), period, period + 1, figure, flag],
                    )
    return path


@pytest.mark.usefixtures("three")
def test_compared_are_the_newest_state_and_the_one_before_it_unless_others_are_named(store: Store, prefix: str) -> None:
    def numbers(before: int | None, after: int | None) -> list[int]:
        return [each.generation for each in neighbours(store, prefix, before, after)]

    assert [numbers(None, None), numbers(1, None), numbers(None, 2), numbers(1, 3)] == [[2, 3], [1, 3], [1, 2], [1, 3]]
    with pytest.raises(UnknownCode, match="generation 1, before which nothing was published"):
        numbers(None, 1)
    with pytest.raises(UnknownCode, match="no generation 4"):
        numbers(4, None)


def test_the_difference_of_two_snapshots_is_counted_feed_by_feed(tmp_path: Path) -> None:
    before = _zone(
        tmp_path / "a.duckdb",
        {
            ("gone", 2016): (1.0, None), ("kept", 2016): (100.0, None), ("kept", 2017): (200.0, None),
            ("kept", 2018): (None, "M"), ("kept", 2019): (5.0, None), ("kept", 2020): (7.0, "P"),
        },
    )  # fmt: skip
    after = _zone(
        tmp_path / "b.duckdb",
        {
            ("kept", 2016): (110.0, None), ("kept", 2017): (180.0, None), ("kept", 2018): (3.0, None),
            ("kept", 2019): (None, "M"), ("kept", 2020): (7.0, None), ("kept", 2021): (8.0, None),
            ("new", 2021): (1.0, None),
        },
    )  # fmt: skip
    (found,) = compare(before, after, Limits(256, 1, tmp_path / "spill")).to_dicts()
    assert found == {
        "feed_id": "gdp", "series_added": 1, "series_lost": 1, "added": 2, "withdrawn": 1, "filled": 1, "emptied": 1,
        "revised": 2, "reflagged": 1, "mean_revision": pytest.approx(0.0, abs=1e-12),
        "mean_absolute_revision": pytest.approx(0.1), "most_revised": "kept",
        "largest_revision": pytest.approx(0.1), "last_period": "2021",
    }  # fmt: skip
