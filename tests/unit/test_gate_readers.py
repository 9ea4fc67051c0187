"""A candidate that fails leaves the published snapshot, its pointer and its readers untouched: on real object stores,
with a reader that asks all the while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread

import duckdb
import pytest

from datazones.errors import ExpectationsFailed
from datazones.model import Candidate, Parent, Revisions
from datazones.publishing import Approval, Store, approve, hold, publish, pull
from datazones.warehouse import export
from datazones.warehouse.connecting import Limits
from tests.snapshots import AT, SIGNER, beside
from tests.unit.expectations_zone import Row, Zone, examined

ROWS: list[Row] = [(f"A.{area}", str(year), 100.0 + year - 1990, None) for area in "abc" for year in range(1990, 2024)]
WRONG: list[Row] = [(key, period, 1e4 * (figure or 0), status) for key, period, figure, status in ROWS]


def offered(folder: Path, name: str, parent: Parent | None) -> Candidate:
    """What the zone in this folder holds now, as it is assembled."""
    path, limits = folder / f"{name}.duckdb", Limits(512, 1, folder / "spill")
    exported = export(folder / "working.duckdb", path, limits)
    return exported.candidate("beijing", Revisions(added=1), parent, load_id=1)


@dataclass
class Reader:
    """Pulls and asks, over and over; what it saw each time: generation, and the sum of all figures."""

    store: Store
    prefix: str
    into: Path
    seen: list[tuple[int, float]] = field(default_factory=list)
    failed: list[Exception] = field(default_factory=list)
    stopped: bool = False
    more: Condition = field(default_factory=Condition)

    def poll(self) -> None:
        while not self.stopped and not self.failed:
            try:
                pulled = pull(self.store, self.prefix, self.into)
                assert pulled
                with duckdb.connect(str(self.into), read_only=True) as connection:
                    ((total,),) = connection.execute("SELECT sum(obs_value) FROM observation").fetchall()
                found = (pulled.generation, float(total))
            except Exception as error:  # noqa: BLE001 - the test shows it
                self.failed.append(error)
            with self.more:
                if not self.failed:
                    self.seen.append(found)
                self.more.notify_all()

    def look_again(self) -> tuple[int, float]:
        """What it sees in a poll that begins after now."""
        with self.more:
            enough = len(self.seen) + 2
            assert self.more.wait_for(lambda: self.failed or len(self.seen) >= enough, timeout=120)
        assert self.failed == []
        return self.seen[-1]


@contextmanager
def reading(store: Store, prefix: str, into: Path) -> Iterator[Reader]:
    reader = Reader(store, prefix, into)
    thread = Thread(target=reader.poll)
    thread.start()
    try:
        yield reader
    finally:
        reader.stopped = True
        thread.join()


def test_a_candidate_that_fails_changes_nothing_that_a_reader_sees_until_a_person_approves_it(
    store: Store, prefix: str, tmp_path: Path, into: Path
) -> None:
    zone = Zone(tmp_path)
    zone.load(ROWS, "2024-03-01", title="GDP", unit_measure="yuan")
    first = offered(tmp_path, "first", None)
    good = examined(first.file)
    parent = publish(store, prefix, first, good, AT, signer=SIGNER).parent()
    pointer, published = store.get(f"{prefix}/CURRENT"), {o.key: o.etag for o in store.listing(prefix)}
    with reading(store, prefix, into) as reader:
        before = reader.look_again()

        zone.load(WRONG, "2025-02-01", title="GDP", unit_measure="yuan")
        second = offered(tmp_path, "second", parent)
        verdict = examined(second.file, first.file)
        assert not verdict.passed
        with pytest.raises(ExpectationsFailed):
            publish(store, prefix, second, verdict, AT, signer=SIGNER)
        kept = hold(store, prefix, second, verdict, AT, signer=SIGNER, beside=beside(tmp_path))

        assert reader.look_again() == before == (1, sum(figure or 0 for _, _, figure, _ in ROWS))
        assert set(reader.seen) == {before}
        assert store.get(f"{prefix}/CURRENT") == pointer
        now = {o.key: o.etag for o in store.listing(prefix)}
        assert published.items() <= now.items()

        approval = Approval(because="the provider changed to fen", by="A. Owner")
        approve(store, prefix, kept, approval, AT, signer=SIGNER)
        assert reader.look_again() == (2, pytest.approx(1e4 * before[1]))
    assert [generation for generation, _ in reader.seen] == sorted(generation for generation, _ in reader.seen)
