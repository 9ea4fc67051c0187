"""What a hub takes of its zones: each zone's snapshot of one moment, verified and pinned; or none, with the reason."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event
from uuid import uuid4

import duckdb
import pytest

from datazones.catalogue import Catalogue, load
from datazones.model import Candidate, Contribution, Parent, Table, Verdict
from datazones.publishing import (
    Approval,
    Signer,
    Snapshot,
    Store,
    StoreAddress,
    current,
    fetch_manifest,
    hold,
    note_asked,
    publish,
    rollback,
)
from tasks.equip import Equipment
from tasks.pin import pinned
from tests.hubs import installation, united_of, zone_file
from tests.snapshots import AT, HELD_BACK, PASSED, SIGNER, candidate, offered_as

CHOSEN = ("beijing", "hunan")
SHARED = {"gdp": "nbs_province_year", "pat": "worldbank_ai_race"}
"""The feeds of the file below, as the catalogue has those that zones share."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zone's file whose figures are all one number, to be replaced."""
    return zone_file(tmp_path_factory.mktemp("zone"), "beijing", {"2019": 1.0, "2020": 1.0})


def _catalogue(zones: tuple[str, ...]) -> Catalogue:
    """These zones and the hub, under prefixes that nobody has used."""
    shipped, own = load(), uuid4().hex
    chosen = {name: zone.model_copy(update={"prefix": f"zones/{own}/{name}"}) for name, zone in shipped.zones.items()}
    return replace(shipped, zones={name: chosen[name] for name in zones})


class Place:
    """A store, an installation that reads it, and a catalogue of few zones."""

    def __init__(self, equipment: Equipment, folder: Path) -> None:
        self.equipment, self._folder = equipment, folder
        self.hub = equipment.catalogue.hub("national")

    @property
    def store(self) -> Store:
        return self.equipment.store

    def prefix(self, zone_id: str) -> str:
        return self.equipment.catalogue.zone(zone_id).prefix

    def offered(self, zone_id: str, file: Path, number: int) -> Candidate:
        """What follows the published snapshot: a file in which every figure is this number."""
        area = self.equipment.catalogue.zone(zone_id).ref_area
        path = Path(shutil.copy(file, self._folder / f"{zone_id}-{number}.duckdb"))
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                f"UPDATE series SET series_key = 'GDP.{area}', ref_area = '{area}' WHERE feed_id = 'gdp'"
            )
            connection.execute(f"UPDATE latest SET obs_value = {number}")
            for feed_id, shared in SHARED.items():
                connection.execute(f"UPDATE series SET feed_id = '{shared}' WHERE feed_id = '{feed_id}'")
                connection.execute(f"UPDATE vintage SET feed_id = '{shared}' WHERE feed_id = '{feed_id}'")
        pointer = current(self.store, self.prefix(zone_id))
        parent = Parent(pointer.snapshot.generation, pointer.snapshot.snapshot_id, 1) if pointer else None
        tables = (Table("latest", 6, sha256(f"{zone_id} {number}".encode()).hexdigest()),)
        fake = candidate(self._folder, f"{zone_id}{number}", parent, zone_id=zone_id)
        return offered_as(replace(fake, tables=tables, parts=()), path)

    def publish(self, zone_id: str, file: Path, number: int, signer: Signer = SIGNER) -> Snapshot:
        offered = self.offered(zone_id, file, number)
        return publish(self.store, self.prefix(zone_id), offered, PASSED, AT, signer=signer)

    def hold(self, zone_id: str, file: Path, number: int, verdict: Verdict) -> None:
        hold(self.store, self.prefix(zone_id), self.offered(zone_id, file, number), verdict, AT, signer=SIGNER)

    def gathered(self, days: float = 0) -> dict[str, Contribution]:
        """So many days after everything was published."""
        moved = self.equipment.settings.model_copy(update={"now": AT + timedelta(days=days)})
        self.equipment.settings = moved
        folder = self.equipment.members(self.hub)
        folder.mkdir(parents=True, exist_ok=True)
        return {found.zone_id: found for found in pinned(self.equipment, self.hub, folder)}


@contextmanager
def placed(address: StoreAddress, folder: Path, zones: tuple[str, ...]) -> Iterator[Place]:
    chosen = installation(address, folder)
    with ExitStack() as stack:
        yield Place(Equipment(chosen, _catalogue(zones), stack), folder)


@pytest.fixture
def place(embedded: StoreAddress, tmp_path: Path) -> Iterator[Place]:
    with placed(embedded, tmp_path, CHOSEN) as made:
        yield made


def test_a_published_zone_is_pinned_by_generation_content_and_the_digest_of_its_manifest(
    place: Place, file: Path
) -> None:
    place.publish("beijing", file, 1)
    second = place.publish("beijing", file, 2)
    found = place.gathered()["beijing"]
    pointer = current(place.store, place.prefix("beijing"))
    assert pointer
    assert found.pin
    assert (found.state, found.reason, found.as_of) == ("current", None, AT)
    assert (found.pin.generation, found.pin.snapshot_id, found.pin.sha256) == (
        2, second.snapshot_id, pointer.snapshot.sha256
    )  # fmt: skip
    warehouse = fetch_manifest(place.store, place.prefix("beijing"), pointer.snapshot).file("warehouse.duckdb")
    assert warehouse
    assert sha256(Path(str(found.path)).read_bytes()).hexdigest() == warehouse.sha256


def test_a_zone_that_has_published_nothing_is_missing_and_says_so(place: Place, file: Path) -> None:
    place.publish("beijing", file, 1)
    found = place.gathered()["hunan"]
    assert (found.state, found.reason, found.pin, found.path) == ("missing", "nothing published yet", None, None)


def test_a_zone_without_a_word_for_too_long_is_late_and_one_that_asked_in_vain_is_not(place: Place, file: Path) -> None:
    for zone_id in CHOSEN:
        place.publish(zone_id, file, 1)
    note_asked(place.store, place.prefix("hunan"), "hunan", AT + timedelta(days=2))
    assert {name: found.state for name, found in place.gathered(days=1).items()} == dict.fromkeys(CHOSEN, "current")
    later = place.gathered(days=3)
    assert (later["beijing"].state, later["hunan"].state) == ("late", "current")
    assert later["beijing"].reason == f"no word since {AT:%Y-%m-%d %H:%M} UTC"
    assert later["beijing"].pin


def test_a_zone_whose_gate_holds_something_back_is_held_and_names_the_rule(place: Place, file: Path) -> None:
    place.publish("hunan", file, 1)
    place.hold("hunan", file, 2, HELD_BACK)
    found = place.gathered()["hunan"]
    assert (found.state, found.reason) == ("held", "held back by rows")
    assert found.pin
    assert found.pin.generation == 1


@pytest.mark.parametrize("how", ["another key", "other bytes", "no pointer any more"])
def test_a_zone_that_cannot_be_trusted_is_refused_and_brings_nothing(how: str, place: Place, file: Path) -> None:
    place.publish("beijing", file, 1)
    if how == "another key":
        place.publish("hunan", file, 1, Signer.from_hex("7a" * 32))
    else:
        place.publish("hunan", file, 1)
        assert place.gathered()["hunan"].state == "current"
        key = f"{place.prefix('hunan')}/CURRENT"
        content, etag = place.store.get(key) or (b"", "")
        place.store.remove(key)
        if how == "other bytes":
            place.store.swap(key, content.replace(b"hunan", b"henan"), None)
    found = place.gathered()
    assert (found["hunan"].state, found["hunan"].pin, found["hunan"].path) == ("refused", None, None)
    assert "CURRENT" in str(found["hunan"].reason)
    assert found["beijing"].state == "current"


def test_a_zone_that_was_rolled_back_is_seen_as_its_new_generation(place: Place, file: Path) -> None:
    first = place.publish("hunan", file, 1)
    place.publish("hunan", file, 2)
    approval = Approval(because="withdrawn", by="owner")
    rollback(place.store, place.prefix("hunan"), 1, AT, approval=approval, signer=SIGNER)
    found = place.gathered()["hunan"]
    assert found.pin
    assert (found.pin.generation, found.pin.snapshot_id) == (3, first.snapshot_id)
    assert (found.state, found.reason) == ("rolled_back", "rolled back to generation 1 by owner: withdrawn")


def test_ten_zones_that_publish_while_the_hub_is_built_never_mix(
    embedded: StoreAddress, tmp_path: Path, file: Path
) -> None:
    """Every figure of a zone's n-th snapshot is n: so every figure in the hub must be the generation that is pinned."""
    zones = tuple(load().zones)
    with placed(embedded, tmp_path, zones) as place, ThreadPoolExecutor(2) as hands:
        for zone_id in zones:
            place.publish(zone_id, file, 1)
        done = Event()

        def keep_publishing(mine: tuple[str, ...]) -> int:
            number = 1
            while not done.is_set():
                number += 1
                for zone_id in mine:
                    place.publish(zone_id, file, number)
            return number

        writers = [hands.submit(keep_publishing, mine) for mine in (zones[::2], zones[1::2])]
        try:
            seen = [_of_one_snapshot_each(place, tmp_path / f"hub-{turn}.duckdb") for turn in range(4)]
        finally:
            done.set()
        assert min(writer.result() for writer in writers) > 2
    assert len(set(map(str, seen))) > 1
    print(f"{len(seen)} hubs while ten zones published, generations {seen}")


def _of_one_snapshot_each(place: Place, path: Path) -> list[int]:
    members = list(place.gathered().values())
    united_of(path, members)
    pinned = {member.zone_id: member.pin.generation for member in members if member.pin}
    assert len(pinned) == 10
    with duckdb.connect(str(path), read_only=True) as connection:
        figures = connection.execute(
            "SELECT zone_id, list(DISTINCT obs_value) FROM latest JOIN origin USING (series_id) GROUP BY ALL"
        ).fetchall()
        told = connection.execute("SELECT zone_id, generation FROM contribution").fetchall()
    assert dict(figures) == {zone: [float(n)] for zone, n in pinned.items()}
    assert dict(told) == pinned
    return sorted(pinned.values())
