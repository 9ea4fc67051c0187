"""A zone is made again from the raw answers in the object store alone, table by table the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from datazones.catalogue import load
from datazones.cli.commands.rebuild import command
from datazones.errors import RebuildDiffers, SnapshotTampered, StoreUnavailable
from datazones.model import Revisions, Window
from datazones.publishing import StoreAddress
from datazones.settings import settings
from datazones.warehouse import WorkingCopy, query
from tasks.equip import Equipment, equipped
from tasks.reading import read
from tasks.rebuild import rebuild

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


@pytest.fixture
def worker(tmp_path: Path, embedded: StoreAddress, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    for kind, name, text in (
        ("zones", "hunan", ZONE.format(prefix=prefix)),
        ("feeds", "gdp", FEED.format(declared="")),
    ):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"{name}.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv(f"DATAZONES_{kind.upper()}_FOLDER", str(tmp_path / kind))
    monkeypatch.setenv("DATAZONES_HOME", str(tmp_path / "home"))
    for name, text in (
        ("URL", embedded.url),
        ("BUCKET", embedded.bucket),
        ("ACCESS_KEY", embedded.access_key or ""),
        ("SECRET_KEY", embedded.secret_key or ""),
    ):
        monkeypatch.setenv(f"DATAZONES_STORE_{name}", text)
    settings.cache_clear()
    with equipped() as equipment:
        yield Worker(equipment, tmp_path)
    settings.cache_clear()


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
