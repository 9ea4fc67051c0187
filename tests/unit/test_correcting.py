"""A provider's fault is corrected where everybody can see it, for as long as it is there, and not a day longer."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from datazones import dialects, quirks
from datazones.catalogue import load
from datazones.catalogue.loading import SHIPPED
from datazones.conforming import conform
from datazones.conforming.correcting import corrected
from datazones.errors import CatalogueInvalid, CorrectionStale, UnknownCode
from datazones.model import Correction, Hints, Landed, Staged
from datazones.staging import Job, stage
from datazones.warehouse import WorkingCopy, export, query
from datazones.warehouse.connecting import Limits
from tasks.describe import feed_rows, zone_row
from tests.feeds import FEEDS, needs_recorded_feeds

BURKINA_FASO = {
    "correction_id": "wdi_gdp_bfa_1960",
    "cause": "18,500 times the figure of 1961 (vintage of 2018-10-18); 330,442,815.8 in the vintage of 2024-03-28",
    "declared_on": "2018-10-18",
    "series_key": "A.NY.GDP.MKTP.CD.BFA",
    "time_period": "1960",
    "found": 6481836768000.0,
    "corrected": 330442815.821186,
}
WITH_FAULT = "worldbank/API_NY.GDP.MKTP.CD_DS2_en_csv_v2_10203569.csv"
REPAIRED = "worldbank/NY.GDP.MKTP.CD-p1of2.json"
VINTAGES = b"""{"realtime_start":"1776-07-04","realtime_end":"9999-12-31","units":"lin","output_type":1,"count":3,
"offset":0,"limit":100000,"observations":[
{"realtime_start":"2024-01-30","realtime_end":"2024-02-27","date":"2023-10-01","value":"999"},
{"realtime_start":"2024-02-28","realtime_end":"9999-12-31","date":"2023-10-01","value":"%b"},
{"realtime_start":"2024-01-30","realtime_end":"9999-12-31","date":"2023-07-01","value":"27610.1"}]}"""
FRED = Hints(dataflow_id="GDP", labels={"series_id": "GDP", "freq": "Q"})
WRONG = Correction("gdp_q4", "a figure of three digits", date(2024, 1, 30), "GDP.lin", "2023-10-01", 999.0, None)


def _job(path: Path, into: Path, *corrections: dict[str, object]) -> Job:
    dialect = dialects.recognise(path.read_bytes())
    return Job("hunan, gdp", dialect, (str(path),), str(into), dataflow_id="WDI", corrections=corrections)


def _vintages(newest: bytes, *declared: Correction) -> list[tuple[object, ...]]:
    cubes = dialects.named("fred_json").read(VINTAGES % newest, FRED)
    (piece,) = corrected(conform(cubes, FRED), declared)
    return piece.observations.select("time_period", "obs_value", "obs_attributes").rows()


@needs_recorded_feeds
def test_a_fault_of_a_provider_is_corrected_and_the_published_figure_stands_beside_it(tmp_path: Path) -> None:
    staging = stage(_job(FEEDS / WITH_FAULT, tmp_path / "staged", BURKINA_FASO))
    assert staging.corrected == 1
    landed = Landed("0" * 64, 1, "GET x", "data", datetime(2018, 10, 19, tzinfo=UTC))
    staged = Staged("gdp", staging.observations, staging.series, staging.rows, 1e-9, absent_is_withdrawn=False)
    catalogue, limits = load(), Limits(512, 2, tmp_path / "spill")
    zone = catalogue.zone("hunan")
    rows = feed_rows(catalogue, zone)
    rows[0] = ("gdp", *rows[0][1:-4], json.dumps([BURKINA_FASO]), "[]", "[]", rows[0][-1])
    with WorkingCopy.held(tmp_path / "working.duckdb", limits, reach=[tmp_path]) as copy:
        copy.describe(zone_row(zone), rows)
        copy.load(staged, [landed], slot=landed.retrieved_at, now=landed.retrieved_at)
    export(tmp_path / "working.duckdb", tmp_path / "out.duckdb", limits)
    told = query(
        tmp_path / "out.duckdb",
        "SELECT obs_value, obs_attributes->>'obs_value_published' AS published, c.cause, c.declared_on, c.found "
        "FROM observation JOIN correction AS c ON c.correction_id = (obs_attributes->>'correction')",
        limits,
    )
    assert told.rows() == [
        (330442815.821186, "6481836768000.0", BURKINA_FASO["cause"], date(2018, 10, 18), 6481836768000.0)
    ]


@needs_recorded_feeds
def test_once_the_provider_has_repaired_a_fault_its_correction_stops_the_reading(tmp_path: Path) -> None:
    with pytest.raises(CorrectionStale, match="wdi_gdp_bfa_1960") as caught:
        stage(_job(FEEDS / REPAIRED, tmp_path / "staged", BURKINA_FASO))
    assert "330442815.821186" in caught.value.found
    assert "take the correction out" in caught.value.next_step


def test_a_fault_in_every_vintage_is_corrected_in_each() -> None:
    assert [row[1] for row in _vintages(b"999.0", WRONG)] == [None, None, 27610.1]


def test_a_fault_that_the_newest_vintage_has_not_is_repaired() -> None:
    with pytest.raises(CorrectionStale, match=r"27956\.9"):
        _vintages(b"27956.9", WRONG)


def test_an_observation_that_is_no_longer_given_within_its_series_is_repaired() -> None:
    between = replace(WRONG, time_period="2023-08-15")
    with pytest.raises(CorrectionStale, match="no such observation"):
        _vintages(b"999", between)


@pytest.mark.parametrize("elsewhere", [{"series_key": "GNP.lin"}, {"time_period": "2025-10-01"}])
def test_a_series_or_period_that_was_not_asked_for_says_nothing_of_its_correction(elsewhere: dict[str, str]) -> None:
    assert _vintages(b"999", replace(WRONG, **elsewhere)) == _vintages(b"999")  # type: ignore[arg-type]


def test_what_a_correction_leaves_alone_stays_as_it_was() -> None:
    before, after = _vintages(b"999"), _vintages(b"999", WRONG)
    assert after[2] == before[2]
    noted = json.loads(str(after[0][2]))
    assert (noted["correction"], noted["obs_value_published"]) == ("gdp_q4", "999.0")


@needs_recorded_feeds
def test_a_quirk_of_the_bis_is_mended_where_the_feed_says_so() -> None:
    feed = load().feed("bis_policy_rates")
    body = (FEEDS / "bis/CBPOL.xml").read_bytes()
    cubes = list(quirks.mended(dialects.named(feed.dialect).read(body, Hints()), feed.quirks))
    assert {title[:12] for cube in cubes for title in cube.frame["title"]} == {"Central bank"}


@needs_recorded_feeds
def test_a_quirk_that_the_provider_has_repaired_stops_the_reading() -> None:
    body = (FEEDS / "bis/CBPOL.xml").read_bytes().replace(b'value=" Central', b'value="Central')
    with pytest.raises(CorrectionStale, match="bis_titles_begin_with_a_space"):
        list(quirks.mended(dialects.named("sdmx_ml").read(body, Hints()), ["bis_titles_begin_with_a_space"]))


def test_every_quirk_has_a_cause_and_a_date_and_belongs_to_an_agency_of_the_catalogue() -> None:
    for quirk_id, quirk in quirks.known().items():
        assert quirk_id.partition("_")[0] in load().agencies
        assert quirk.cause
        assert quirk.found_on <= date(2026, 12, 31)
    with pytest.raises(UnknownCode, match="bis_titles"):
        quirks.named("bis_titels")


def test_an_answer_without_observations_does_not_make_a_quirk_stale() -> None:
    assert list(quirks.mended([], ["bis_titles_begin_with_a_space"])) == []


@pytest.mark.parametrize(
    ("added", "key"),
    [
        ('quirks = ["nobody"]', "quirks"),
        ("[[corrections]]\ncorrection_id = 'a'", "corrections"),
        *(
            (
                f"[[corrections]]\ncorrection_id = '{first}'\ncause = 'c'\ndeclared_on = 2018-10-18\nseries_key = 'k'\n"
                f"time_period = '{period}'\nfound = 1\n" * 2,
                key,
            )
            for first, period, key in (("a", "1960", "corrections.correction_id"), ("a", "never", "corrections."))
        ),
    ],
)
def test_a_correction_or_quirk_that_cannot_be_is_named_before_anything_runs(
    tmp_path: Path, added: str, key: str
) -> None:
    feeds = Path(shutil.copytree(SHIPPED / "feeds", tmp_path / "feeds"))
    path = feeds / "fred_gdp.toml"
    path.write_text(f"{added}\n{path.read_text()}" if added.startswith("quirks") else f"{path.read_text()}\n{added}")
    with pytest.raises(CatalogueInvalid, match=rf"fred_gdp\.toml, key {key}"):
        load(feeds=feeds)
