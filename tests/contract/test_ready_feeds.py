"""Every provider has a feed that is ready to run, and the answers it once gave are read by that feed's own TOML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl
import pytest

from datazones import dialects
from datazones.catalogue import load
from datazones.catalogue.asking import requests
from datazones.conforming import conform, tidy
from datazones.model import Hints, Window
from infra.simulator import facts, formats
from infra.simulator.exchange import Asked
from tests.feeds import FEEDS, needs_recorded_feeds

CATALOGUE = load()
NOW = datetime(2026, 4, 1, tzinfo=UTC)
PROVIDERS = {"BIS", "DBNOMICS", "ECB", "ESTAT", "FRED", "IMF", "NBS", "OECD", "OWID", "WB"}
RECORDED: dict[str, Mapping[str, object]] = {
    "bis_effective_exchange_rates": {"data": "bis/full_bis_eer_csv.zip", "series": 175, "key": "M.N.B.AE"},
    "bis_policy_rates": {"data": "bis/CBPOL.xml", "series": 1, "key": "M.CH"},
    "dbnomics_trade_china_us": {
        "data": "dbnomics/CHELEM-TRADE_CHEL-trimmed.json", "series": 3, "key": "A.AES.AES.CAT.CAT_BA",
    },
    "ecb_exchange_rates": {"data": "ecb/EXR-structurespecific-2.1.xml", "series": 10, "key": "A.ARS.EUR.SP00.A"},
    "eurostat_activity_rates": {
        "data": "eurostat/_transcribed-LFSA_ARGAN.csv", "series": 1, "key": "A.PC.T.Y15-64.FOR.FR",
    },
    "eurostat_deficit_debt": {"data": "eurostat/gov_10dd_edpt1.tsv", "series": 6322, "key": "A.MIO_EUR.S1.B1GQ.AT"},
    "eurostat_inflation_until_2025": {
        "data": "eurostat/_transcribed-prc_hicp_manr-EA.json", "series": 1, "key": "M.RCH_A.CP00.EA",
    },
    "fred_gdp": {
        "data": "fred/GDP-all-vintages-2024-11-03.json", "metadata": "fred/GDP-series-info-2024-11-03.json",
        "series": 1, "key": "GDP.lin",
    },
    "imf_weo_outlook": {"data": "imf/WEO-data.xml", "series": 1, "key": "SVK.NGDP_R.A"},
    "nbs_province_year": {"data": "nbs/hgyd-A0D0101-202112,202201.json", "series": 1, "key": "M.A0D0101"},
    "oecd_trust_in_government": {"data": "oecd/_transcribed-csvfilewithlabels.csv", "series": 1, "key": "A.ISL"},
    "owid_internet_use": {
        "data": "owid/share-of-individuals-using-the-internet-v2025.csv", "series": 217, "key": "A.AFG",
    },
    "worldbank_ai_race": {"data": "worldbank/FRA-NY.GDP.MKTP.CD.json", "series": 1, "key": "A.NY.GDP.MKTP.CD.FRA"},
}  # fmt: skip


def _read(feed_id: str) -> pl.DataFrame:
    """The recorded answer as a run of the feed reads it."""
    feed, recorded = CATALOGUE.feed(feed_id), RECORDED[feed_id]
    hints = Hints(
        agency_id=CATALOGUE.agency_of(feed).agency_id,
        dataflow_id=feed.dataflow_id,
        labels=feed.labels,
        aside={part: (FEEDS / str(recorded[part])).read_bytes() for part in feed.aside if part in recorded},
    )
    return tidy(conform(dialects.named(feed.dialect).read((FEEDS / str(recorded["data"])).read_bytes(), hints), hints))


def test_each_of_the_ten_providers_has_a_ready_feed_and_one_with_a_recorded_answer() -> None:
    assert {CATALOGUE.agency_of(feed).agency_id for feed in CATALOGUE.feeds.values()} == PROVIDERS
    assert {CATALOGUE.agency_of(CATALOGUE.feed(name)).agency_id for name in RECORDED} == PROVIDERS


@needs_recorded_feeds
@pytest.mark.parametrize("feed_id", RECORDED)
def test_the_recorded_answer_of_a_provider_is_read_with_what_the_feed_declares(feed_id: str) -> None:
    frame = _read(feed_id)
    keys = frame["series_key"].unique(maintain_order=True)
    assert keys.len() == RECORDED[feed_id]["series"]
    assert keys[0] == RECORDED[feed_id]["key"]
    assert frame["freq"].null_count() == 0
    assert "_U" not in {*frame["dataflow_id"], *frame["agency_id"]}


@needs_recorded_feeds
def test_what_is_asked_aside_tells_what_a_fred_series_measures() -> None:
    frame = _read("fred_gdp")
    assert set(frame["title"]) == {"Gross Domestic Product"}
    assert set(frame["unit_measure"]) == {"Billions of Dollars"}
    assert frame["released_at"].n_unique() > 100


@pytest.mark.parametrize("feed_id", CATALOGUE.feeds)
def test_every_feed_asks_whole_questions_of_its_own_provider(feed_id: str) -> None:
    feed = CATALOGUE.feed(feed_id)
    for request in requests(feed, CATALOGUE.zone("beijing"), Window(), NOW):
        assert "$" not in request.url + "".join(text for _, text in request.params)
        assert request.url.split("/")[2] in CATALOGUE.agency_of(feed).hosts
        assert not request.secrets


@pytest.mark.parametrize("agency", CATALOGUE.agencies)
def test_every_agency_says_on_what_terms_and_where_it_says_so(agency: str) -> None:
    entry = CATALOGUE.agencies[agency]
    assert entry.terms.startswith("https://")
    assert entry.docs.startswith("https://")


def test_the_zones_that_ship_ask_only_what_the_simulated_providers_answer() -> None:
    world = facts.load()
    for feed in CATALOGUE.feeds.values():
        for zone in CATALOGUE.zones_of(feed):
            for request in requests(feed, zone, Window(), NOW):
                host, _, path = request.url.removeprefix("https://").partition("/")
                asked = Asked(request.method, host, f"/{path}", dict(request.params), {}, NOW)
                assert formats.answer(asked, world).status == 200, request.url
