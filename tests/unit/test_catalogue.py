"""The catalogue loads whole or says which file and key is wrong."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from datazones.catalogue import load
from datazones.catalogue.asking import requests
from datazones.catalogue.loading import SHIPPED
from datazones.errors import CatalogueInvalid
from datazones.model import Window

NOW = datetime(2026, 4, 1, tzinfo=UTC)
KEY = "5e" * 32


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED / "zones", tmp_path / "zones"))


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED / "feeds", tmp_path / "feeds"))


def test_a_zone_is_added_by_one_file_and_gets_every_feed_of_its_topics(zones: Path) -> None:
    before = load(zones)
    text = (zones / "hunan.toml").read_text().replace("zones/hunan", "zones/hebei").replace("CN-HN", "CN-HE")
    (zones / "hebei.toml").write_text(text)
    after = load(zones)
    assert sorted(set(after.zones) - set(before.zones)) == ["hebei"]
    assert after.feeds_of(after.zone("hebei")) == after.feeds_of(after.zone("hunan"))


def test_every_stand_in_says_so_and_every_other_zone_names_its_evidence() -> None:
    stand_ins = {name for name, zone in load().zones.items() if zone.evidence.status == "stand-in"}
    assert stand_ins == {"guangdong", "sichuan"}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("CN-HN", "china"), "ref_area"),
        (("Asia/Shanghai", "Asia/Changsha"), "timezone"),
        (('owner = "', 'onwer = "'), "owner"),
        (("schedule = ", "#"), "schedule"),
        (("zones/hunan", "zones/hubei"), "prefix"),
        (("zones/hunan", "zones/hubei/inner"), "prefix"),
        (('topics = ["province_figures"', 'topics = ["province_figs"'), "topics"),
        (('shares = ["province_figures"', 'shares = ["everything"'), "shares"),
        (('name_en = "Hunan"', f'public_keys = ["{KEY.upper()}"]\nname_en = "Hunan"'), "public_keys.0"),
        (('name_en = "Hunan"', f'retired_keys = ["{KEY}"]\nname_en = "Hunan"'), "retired_keys"),
        (
            ('name_en = "Hunan"', f'public_keys = ["{KEY}"]\nretired_keys = ["{KEY}"]\nname_en = "Hunan"'),
            "retired_keys",
        ),
        (('name_en = "Hunan"', "name_en = Hunan"), "the file"),
        (('name_en = "Hunan"', 'zone_id = "hunan"\nname_en = "Hunan"'), "zone_id"),
    ],
)
def test_a_wrong_zone_file_is_named_with_its_key_before_anything_runs(
    zones: Path, change: tuple[str, str], key: str
) -> None:
    path = zones / "hunan.toml"
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(CatalogueInvalid, match=rf"hunan\.toml, key {re.escape(key)}") as caught:
        load(zones)
    assert caught.value.expected
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('dialect = "nbs_json"', 'dialect = "nbs_xml"'), "dialect"),
        (('agency = "nbs"', 'agency = "nobody"'), "agency"),
        (('url = "https://data.stats.gov.cn/', 'url = "https://example.org/'), "request.url"),
        (('url = "https://', 'url = "http://'), "request.url"),
        (('absent = "withdrawn"', 'absent = "deleted"'), "absent"),
    ],
)
def test_a_wrong_feed_file_is_named_with_its_key(feeds: Path, change: tuple[str, str], key: str) -> None:
    path = feeds / "nbs_province_year.toml"
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(CatalogueInvalid, match=rf"nbs_province_year\.toml, key {re.escape(key)}"):
        load(feeds=feeds)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalid, match="no folder"):
        load(tmp_path / "nowhere")


def test_a_zone_or_feed_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(CatalogueInvalid, match="beijing"):
        load().zone("peking")
    with pytest.raises(CatalogueInvalid, match="nbs_province_year"):
        load().feed("nbs")


def test_a_feed_asks_for_its_zone_and_window() -> None:
    catalogue = load()
    asked = requests(catalogue.feed("nbs_province_year"), catalogue.zone("hunan"), Window("2010", "2012"), NOW)
    params = dict(asked[0].params)
    assert '"430000"' in params["wds"]
    assert '"2010-2012"' in params["dfwds"]


def test_an_open_window_ends_in_the_year_of_the_run() -> None:
    catalogue = load()
    asked = requests(catalogue.feed("worldbank_ai_race"), catalogue.zone("hunan"), Window(), NOW)
    assert {dict(request.params)["date"] for request in asked} == {"1990:2026"}


def test_a_placeholder_that_nobody_fills_is_named(feeds: Path) -> None:
    path = feeds / "nbs_province_year.toml"
    path.write_text(path.read_text().replace("$gb2260", "$postcode"))
    catalogue = load(feeds=feeds)
    with pytest.raises(CatalogueInvalid, match="postcode"):
        requests(catalogue.feed("nbs_province_year"), catalogue.zone("hunan"), Window(), NOW)
