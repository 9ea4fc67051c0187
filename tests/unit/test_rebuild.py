"""A zone is made again from the raw answers in the object store alone, table by table the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from datazones.catalogue import load
from datazones.cli.commands.rebuild import command
from datazones.errors import RebuildDiffers, SnapshotTampered, StoreUnavailable
from datazones.model import Parent, Revisions, Window
from datazones.publishing import StoreAddress
from datazones.settings import settings
from datazones.warehouse import WorkingCopy, export, query
from tasks.equip import Equipment, equipped
from tasks.reading import read
from tasks.rebuild import rebuild, reread
from tasks.standing import stand_on_published
from tests.unit.expectations_zone import doctored, examined

ZONE = """
name_en = "Hunan"
name_zh = "湖南"
ref_area = "CN-HN"
gb2260 = "430000"
timezone = "Asia/Shanghai"
owner = "Hunan data bureau"
schedule = "5 18 * * *"
prefix = "{prefix}"
topics = ["gdp"]
shares = []
evidence = {{ status = "stand-in", source = "a test" }}
"""
FEED = """
title = "Gross domestic product"
agency = "worldbank"
dataflow_id = "WDI"
dialect = "worldbank_json"
topics = ["gdp"]
docs = "https://datahelpdesk.worldbank.org/knowledgebase/articles/889392"
{declared}
[periods]
first = "1990"
[request]
url = "https://api.worldbank.org/v2/country/CHN/indicator/NY.GDP.MKTP.CD"
"""

Figures = Mapping[str, float | None]


def world_bank(lastupdated: str, figures: Figures) -> bytes:
    """One answer of the World Bank's interface: the GDP of China."""
    rows = [
        {
            "indicator": {"id": "NY.GDP.MKTP.CD", "value": "GDP (current US$)"},
            "country": {"id": "CN", "value": "China"},
            "countryiso3code": "CHN",
            "date": year,
            "value": figure,
            "unit": "",
            "obs_status": "",
            "decimal": 0,
        }
        for year, figure in figures.items()
    ]
    head = {"page": 1, "pages": 1, "per_page": 1000, "total": len(rows), "sourceid": "2", "lastupdated": lastupdated}
    return json.dumps([head, rows]).encode()


@dataclass
class Worker:
    """One machine that serves the zone: its home, and the catalogue it was given."""

    equipment: Equipment
    catalogue: Path

    def load(self, day: str, lastupdated: str, figures: Figures) -> Revisions:
        """Land one answer and load it, as a run of that day does."""
        equipment, at = self.equipment, datetime.fromisoformat(day).replace(tzinfo=UTC)
        zone, feed = equipment.catalogue.zone("hunan"), equipment.catalogue.feed("gdp")
        landed = equipment.landing(zone).keep(
            world_bank(lastupdated, figures), request_key="GET gdp", part="data", retrieved_at=at, headers={}
        )
        staged = read(equipment, zone, feed, Window(), [landed], equipment.staged)
        with WorkingCopy.held(self.working, equipment.limits, reach=[equipment.staged]) as copy:
            return copy.load(staged, [landed], slot=at, now=at)

    def declare(self, declared: str) -> None:
        """From now on the feed declares this, too."""
        feed = self.catalogue / "feeds" / "gdp.toml"
        feed.write_text(FEED.format(declared=declared), encoding="utf-8")
        self.equipment.catalogue = load(self.catalogue / "zones", self.catalogue / "feeds")

    @property
    def working(self) -> Path:
        return self.equipment.working(self.equipment.catalogue.zone("hunan"))

    @property
    def landed(self) -> Path:
        return self.equipment.settings.home / "landing"

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        return query(self.working, sql, self.equipment.limits).rows()

    def corrupt(self, sql: str) -> None:
        with duckdb.connect(str(self.working)) as connection:
            connection.execute(sql)


@pytest.fixture(scope="module")
def equipment(tmp_path_factory: pytest.TempPathFactory, embedded: StoreAddress) -> Iterator[Equipment]:
    """The tools of one process: the reading child and the store's client are started once for all tests."""
    named = {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "STORE_URL": embedded.url,
        "STORE_BUCKET": embedded.bucket,
        "STORE_ACCESS_KEY": embedded.access_key or "",
        "STORE_SECRET_KEY": embedded.secret_key or "",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, text in named.items():
            environment.setenv(f"DATAZONES_{name}", text)
        settings.cache_clear()
        with equipped() as tools:
            yield tools
    settings.cache_clear()


@pytest.fixture
def worker(tmp_path: Path, equipment: Equipment, prefix: str) -> Worker:
    """A worker with an empty home, and a zone that nobody has loaded yet."""
    shutil.rmtree(equipment.settings.home)
    for kind in ("zones", "feeds"):
        (tmp_path / kind).mkdir()
    (tmp_path / "zones" / "hunan.toml").write_text(ZONE.format(prefix=prefix), encoding="utf-8")
    worker = Worker(equipment, tmp_path)
    worker.declare("")
    return worker


def _some_history(worker: Worker) -> None:
    """Four vintages, the third of which comes late; the last is noise but for one figure."""
    worker.load("2018-10-20", "2018-10-18", {"2015": 11.0, "2016": 12.0, "2017": None})
    worker.load("2024-04-01", "2024-03-28", {"2015": 11.5, "2016": 12.0, "2017": 12.5, "2018": 13.0})
    worker.load("2024-04-02", "2020-01-01", {"2015": 11.2, "2016": 12.0, "2017": 12.4})
    worker.load("2024-11-01", "2024-10-24", {"2015": 11.5 + 1e-9, "2016": 12.1, "2017": 12.5, "2018": 13.0})


def test_a_zone_made_again_has_the_same_digests_also_after_vintages_out_of_order(worker: Worker) -> None:
    _some_history(worker)
    shutil.rmtree(worker.landed)
    before = worker.ask("SELECT * FROM history ORDER BY ALL")
    done = rebuild("hunan")
    assert (done.loads, done.answers) == (4, 4)
    assert [table.name for table in done.tables if not table.same] == []
    assert {table.name for table in done.tables} >= {"latest", "superseded", "coverage", "sighting", "vintage"}
    assert worker.ask("SELECT * FROM history ORDER BY ALL") == before
    assert len(before) > 7


def test_a_zone_is_made_again_as_its_feed_declared_it_then(worker: Worker) -> None:
    _some_history(worker)
    worker.declare('absent = "withdrawn"\ntolerance = 0.5')
    assert all(table.same for table in rebuild("hunan").tables)


def test_what_a_zone_has_of_a_feed_that_it_gave_up_stays_with_its_terms_and_is_made_again(worker: Worker) -> None:
    cited = "SELECT feed_id, attribution, licence FROM citation ORDER BY feed_id"
    zone = worker.equipment.catalogue.zone("hunan")
    stand_on_published(worker.equipment, zone)
    worker.load("2018-10-19", "2018-10-18", {"2016": 11.0, "2017": 12.0})
    (was,) = worker.ask(cited)
    gdp = worker.catalogue / "feeds" / "gdp.toml"
    shutil.copy(gdp, gdp.with_stem("product"))
    gdp.write_text(gdp.read_text().replace('["gdp"]', '["given_up"]'))
    worker.equipment.catalogue = load(worker.catalogue / "zones", worker.catalogue / "feeds")
    for _ in "the first run", "the next one":
        assert list(stand_on_published(worker.equipment, zone).watermarks) == ["product"]
        assert worker.ask(cited) == [was, ("product", *was[1:])]
    assert worker.ask("SELECT obs_value FROM observation WHERE feed_id = 'gdp'") == [(11.0,), (12.0,)]
    assert rebuild("hunan", check=True).others == []


def test_a_working_copy_that_is_not_what_its_raw_answers_say_is_told_and_left_alone(worker: Worker) -> None:
    _some_history(worker)
    worker.corrupt("UPDATE latest SET obs_value = 14 WHERE time_period = '2018'")
    done = rebuild("hunan")
    assert [table.name for table in done.tables if not table.same] == ["latest"]
    with pytest.raises(RebuildDiffers, match="latest"):
        done.refuse_differences()
    assert worker.ask("SELECT obs_value FROM latest WHERE time_period = '2018'") == [(14.0,)]


def test_a_check_replaces_nothing(worker: Worker) -> None:
    _some_history(worker)
    held = worker.working.stat().st_ino
    assert all(table.same for table in rebuild("hunan", check=True).tables)
    assert worker.working.stat().st_ino == held
    rebuild("hunan")
    assert worker.working.stat().st_ino != held


def test_a_raw_answer_that_is_gone_or_changed_stops_the_rebuild(worker: Worker) -> None:
    _some_history(worker)
    shutil.rmtree(worker.landed)
    zone = worker.equipment.catalogue.zone("hunan")
    (first, *_) = worker.equipment.store.listing(f"{zone.prefix}/raw/")
    body, _ = worker.equipment.store.get(first.key) or (b"", "")
    worker.equipment.store.remove(first.key)
    with pytest.raises(StoreUnavailable, match=first.key):
        rebuild("hunan")
    worker.equipment.store.create(first.key, body + b" ")
    with pytest.raises(SnapshotTampered):
        rebuild("hunan")


def test_the_command_prints_both_digests_of_every_table(worker: Worker) -> None:
    _some_history(worker)
    said = CliRunner().invoke(command, ["hunan", "--check", "--json"], catch_exceptions=False)
    rows = json.loads(said.stdout)
    assert {row["same"] for row in rows} == {True}
    assert all(row["held"] == row["rebuilt"] and len(row["held"]) == 64 for row in rows)


WIDE = "tolerance = 0.1"
"""So wide that real revisions were taken for noise: what a later look corrects."""


def test_what_a_corrected_reading_changes_is_our_revision_and_not_the_provider_s(worker: Worker) -> None:
    worker.declare(WIDE)
    _some_history(worker)
    assert worker.ask("SELECT time_period, obs_value FROM observation WHERE time_period < '2017' ORDER BY ALL") == [
        ("2015", 11.0),
        ("2016", 12.0),
    ]
    by_provider = worker.ask("SELECT time_period, obs_value_before, obs_value_after FROM revision ORDER BY ALL")
    worker.declare("")
    done = reread("hunan", "the tolerance swallowed revisions", feeds=["gdp"])
    assert done.restated == {"gdp": {"revised": 3}}
    ours = worker.ask(
        "SELECT time_period, change, obs_value_before, obs_value_after, year(known_from) FROM revision "
        "WHERE revised_by = 'datazones' ORDER BY ALL"
    )
    assert ours == [
        ("2015", "revised", 11.0, 11.2, 2020),
        ("2015", "revised", 11.0, 11.5, 2024),
        ("2016", "revised", 12.0, 12.1, 2024),
        ("2017", "revised", 12.4, 12.5, 2024),
    ]
    assert len(by_provider) == 1
    assert worker.ask("SELECT reason FROM restatement") == [("the tolerance swallowed revisions",)]
    assert worker.ask("SELECT count(*) FROM vintage WHERE restated_by = 5") == [(3,)]


def _figures_of_the_provider(worker: Worker) -> list[tuple[object, ...]]:
    return worker.ask("FROM revision_figures") + worker.ask(
        "SELECT * FROM revision WHERE revised_by = 'provider' ORDER BY ALL"
    )


def test_after_a_restatement_the_provider_s_figures_are_as_if_it_had_been_read_rightly_at_once(worker: Worker) -> None:
    worker.declare(WIDE)
    _some_history(worker)
    worker.declare("")
    reread("hunan", "the tolerance swallowed revisions")
    restated, history = _figures_of_the_provider(worker), worker.ask("SELECT * FROM history ORDER BY ALL")
    worker.working.unlink()
    _some_history(worker)
    assert restated == _figures_of_the_provider(worker)
    assert history == worker.ask("SELECT * FROM history ORDER BY ALL")


def test_a_unit_that_was_declared_wrongly_is_restated_with_every_figure_under_it(worker: Worker) -> None:
    worker.declare('labels = { unit_measure = "USD", unit_mult = "6" }')
    _some_history(worker)
    worker.declare('labels = { unit_measure = "USD", unit_mult = "0" }')
    assert reread("hunan", "figures are in dollars, not millions").restated == {"gdp": {"revised": 4}}
    assert worker.ask("SELECT DISTINCT unit_mult FROM restated") == [(6,)]
    assert worker.ask("SELECT DISTINCT unit_mult FROM observation") == [(0,)]
    assert worker.ask("SELECT count(*) FROM restated WHERE obs_value IS DISTINCT FROM obs_value_after") == [(0,)]


def test_withdrawals_that_a_feed_no_longer_declares_come_back_as_our_additions(worker: Worker) -> None:
    worker.declare('absent = "withdrawn"')
    worker.load("2018-10-20", "2018-10-18", {"2015": 11.0, "2016": 12.0})
    worker.load("2024-04-01", "2024-03-28", {"2016": 12.0})
    worker.declare('absent = "kept"')
    assert reread("hunan", "the provider cut its answers").restated == {"gdp": {"added": 1}}
    assert worker.ask("SELECT time_period FROM observation ORDER BY ALL") == [("2015",), ("2016",)]


def test_a_restated_zone_is_made_again_to_the_same_digests_and_waits_to_be_published(worker: Worker) -> None:
    worker.declare(WIDE)
    _some_history(worker)
    with WorkingCopy.held(worker.working, worker.equipment.limits) as copy:
        copy.adopt(Parent(1, "first", copy.last_load()))
        assert not copy.pending()
    worker.declare("")
    reread("hunan", "the tolerance swallowed revisions")
    assert rebuild("hunan", check=True).others == []
    with WorkingCopy.held(worker.working, worker.equipment.limits) as copy:
        assert copy.pending() == Revisions(restated=4)
        assert copy.last_load() == 5
    worker.load("2025-04-01", "2025-03-28", {"2018": 13.5})
    assert worker.ask("SELECT max(load_id) FROM load_log") == [(6,)]


def _kept(candidate: Path, published: Path) -> list[str]:
    """What the gate has to say of published figures that the candidate does not have."""
    found = examined(candidate, published, date(2024, 12, 1)).findings
    return [finding.found for finding in found if finding.rule == "history.what_is_published_is_kept"]


def test_the_gate_lets_a_correction_of_ours_through_and_nothing_else(worker: Worker) -> None:
    worker.declare(WIDE)
    _some_history(worker)
    published, candidate = worker.catalogue / "published.duckdb", worker.catalogue / "candidate.duckdb"
    export(worker.working, published, worker.equipment.limits)
    worker.declare("")
    reread("hunan", "the tolerance swallowed revisions")
    export(worker.working, candidate, worker.equipment.limits)
    assert _kept(candidate, published) == []
    assert len(_kept(doctored(candidate, "DELETE FROM restated WHERE time_period = '2015'"), published)) == 1


def test_reading_anew_what_is_read_rightly_restates_nothing(worker: Worker) -> None:
    _some_history(worker)
    held = worker.working.read_bytes()
    assert reread("hunan", "nothing was wrong").restated == {}
    assert worker.ask("FROM restatement") == []
    assert worker.working.stat().st_size == len(held)


def test_a_restatement_of_one_feed_refuses_to_change_another(worker: Worker) -> None:
    worker.declare(WIDE)
    _some_history(worker)
    worker.declare("")
    with pytest.raises(RebuildDiffers, match="gdp"):
        reread("hunan", "another feed was meant", feeds=["another"])
    assert worker.ask("FROM restated") == []
