"""A feed is explained before it is asked, and asked once for a sample: against real servers, from the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from datazones.catalogue import load
from datazones.catalogue.loading import SHIPPED
from expectations.rules import rules
from infra.simulator.server import serving
from tests.faults.rawserver import RawServer, Reply, head, whole
from tests.unit.test_cli import run

KEY = "c4n4ry0123456789abcdef"
SETTING = "DATAZONES_SECRETS__FRED_API_KEY"
SERIES = (
    b'{"seriess":[{"id":"GDP","title":"Gross Domestic Product","frequency_short":"Q","units":"Billions of Dollars"}]}'
)
FIGURES = (
    b'{"realtime_start":"1776-07-04","realtime_end":"9999-12-31","units":"lin","output_type":1,"count":2,"offset":0,'
    b'"limit":100000,"observations":['
    b'{"realtime_start":"2024-10-30","realtime_end":"9999-12-31","date":"2024-04-01","value":"29016.714"},'
    b'{"realtime_start":"2024-10-30","realtime_end":"9999-12-31","date":"2024-07-01","value":"29349.924"}]}'
)


@pytest.fixture
def fred() -> Iterator[RawServer]:
    """A provider that echoes the key in a header, and sets a cookie."""
    headers = [
        ("Content-Type", "application/json"),
        ("ETag", '"7"'),
        ("Set-Cookie", "visit=1"),
        ("X-Echo", f"key {KEY}"),
    ]

    def answer(request: bytes) -> Reply:
        return whole(FIGURES if b"/observations" in request else SERIES, headers=headers)

    with RawServer(answer) as server:
        yield server


def test_a_sample_is_the_answers_byte_for_byte_with_their_provenance_and_without_the_key(
    tmp_path: Path, fred: RawServer
) -> None:
    settings = {"DATAZONES_PROVIDERS_BASE": fred.url, SETTING: KEY}
    done = run("record", "fred_gdp", "--to", "sample", "--json", cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stderr
    assert "2 answers, 2 observations" in done.stderr
    assert (tmp_path / "sample/data-1.json").read_bytes() == FIGURES
    assert (tmp_path / "sample/metadata-1.json").read_bytes() == SERIES
    about = json.loads((tmp_path / "sample/sample.json").read_text())
    assert about["attribution"] == load().agency_of(load().feed("fred_gdp")).attribution
    metadata, data = about["answers"]
    assert (metadata["part"], data["part"]) == ("metadata", "data")
    assert data["digest"] == sha256(FIGURES).hexdigest()
    assert data["headers"]["etag"] == '"7"'
    assert "set-cookie" not in data["headers"]
    assert datetime.fromisoformat(data["retrieved_at"]) <= datetime.now(UTC)
    assert "series_id=GDP" in data["request_key"]
    assert json.loads(done.stdout) == about["answers"]
    assert all(f"api_key={KEY}".encode() in asked for asked in fred.asked)
    kept = [file.read_text() for file in (tmp_path / "sample").iterdir()]
    assert KEY not in "".join([done.stdout, done.stderr, *kept])


def test_a_key_that_is_missing_is_named_as_a_setting_before_anybody_is_asked(tmp_path: Path, fred: RawServer) -> None:
    done = run("record", "fred_gdp", cwd=tmp_path, DATAZONES_PROVIDERS_BASE=fred.url)
    assert done.returncode == 2
    assert SETTING in done.stderr
    assert not fred.asked
    assert not (tmp_path / "samples").exists()


def test_a_proxy_that_the_environment_names_is_asked_and_its_refusal_told(tmp_path: Path) -> None:
    with RawServer([Reply(head(403))]) as proxy:
        done = run("record", "owid_internet_use", cwd=tmp_path, HTTPS_PROXY=proxy.url)
        assert proxy.asked[0].startswith(b"CONNECT ourworldindata.org:443 ")
        ways = run("doctor", "--json", cwd=tmp_path, HTTPS_PROXY=proxy.url, NO_PROXY="ourworldindata.org").stdout
    assert done.returncode == 5
    assert "let ourworldindata.org through" in done.stderr
    way = next(row["found"] for row in json.loads(ways) if row["check"] == "way to providers")
    assert f"hosts asked through {proxy.url.partition('//')[2]}, the proxy that HTTPS_PROXY names: " in way
    assert "hosts asked directly: 1" in way


def test_all_questions_are_asked_when_all_are_wanted_and_no_sample_is_written_over(tmp_path: Path) -> None:
    words = ("record", "nbs_province_year", "--zone", "hunan", "--all")
    with serving("2020-12-01T00:00:00Z") as base:
        first = run(*words, cwd=tmp_path, DATAZONES_PROVIDERS_BASE=base)
    assert first.returncode == 0, first.stderr
    sample = tmp_path / "samples/nbs_province_year"
    assert sorted(path.stem for path in sample.iterdir()) == ["data-1", "data-2", "data-3", "sample"]
    again = run(*words, cwd=tmp_path)
    assert again.returncode == 2
    assert "holds a sample already" in again.stderr


def test_an_answer_that_cannot_be_read_is_kept_and_says_why(tmp_path: Path) -> None:
    page = whole(b"<html>Please log in</html>", headers=[("Content-Type", "text/html")])
    with RawServer([page]) as server:
        done = run("record", "owid_internet_use", "--to", "sample", cwd=tmp_path, DATAZONES_PROVIDERS_BASE=server.url)
    assert done.returncode == 5
    assert "ResponseMalformed" in done.stderr
    assert (tmp_path / "sample/data-1.raw").read_bytes() == b"<html>Please log in</html>"


def test_a_feed_is_explained_with_its_questions_way_checks_terms_and_costs(tmp_path: Path) -> None:
    done = run("explain", "nbs_province_year", "--zone", "hunan", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["asked as for"] == "hunan"
    assert len(said["asks"]) == said["costs"]["questions"] == 3
    assert all("430000" in asked["question"] for asked in said["asks"])
    assert said["lands"]["raw answers"] == "datazones/zones/hunan/raw/<sha256>"
    assert said["reads"]["dialect"].startswith("nbs_json: ")
    assert said["zones"] == sorted(load().zones)
    assert said["terms"] == load().terms_of(load().feed("nbs_province_year"))._asdict()
    assert {check["rule"]: check["severity"] for check in said["checks"]} == {r.rule_id: r.severity for r in rules()}


def test_an_explanation_hides_the_key_and_says_whether_it_is_set(tmp_path: Path) -> None:
    unset = run("explain", "fred_gdp", cwd=tmp_path)
    known = run("explain", "fred_gdp", cwd=tmp_path, **{SETTING: KEY})
    assert unset.returncode == known.returncode == 0
    assert "api_key=***" in known.stdout
    assert f"{SETTING}, NOT set" in unset.stdout
    assert f"{SETTING}, set" in known.stdout
    assert KEY not in known.stdout


def test_a_provider_of_ones_own_is_one_file_beside_its_feed_and_its_flags_are_of_a_scheme_that_is_known(
    tmp_path: Path,
) -> None:
    feeds, agencies = (shutil.copytree(SHIPPED / name, tmp_path / name) for name in ("feeds", "agencies"))
    shipped = (agencies / "owid.toml").read_text()
    agency = shipped.replace("ourworldindata.org", "data.example.org").replace('"OWID"', '"UIS"')
    (agencies / "unesco.toml").write_text(agency + 'flag_scheme = "uis"\n')
    feed = (feeds / "owid_internet_use.toml").read_text().replace('agency = "owid"', 'agency = "unesco"')
    (feeds / "unesco_internet_use.toml").write_text(feed.replace("ourworldindata.org", "data.example.org"))
    ours = {"DATAZONES_FEEDS_FOLDER": str(feeds), "DATAZONES_AGENCIES_FOLDER": str(agencies)}
    done = run("explain", "unesco_internet_use", "--json", cwd=tmp_path, **ours)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["agency"].startswith("UIS, ")
    assert said["reads"]["status flags are those of"] == "uis"
    (agencies / "unesco.toml").write_text(agency + 'flag_scheme = "unesco"\n')
    wrong = run("explain", "unesco_internet_use", cwd=tmp_path, **ours)
    assert wrong.returncode == 2
    assert "flag_scheme" in wrong.stderr
    assert "'uis'" in wrong.stderr
