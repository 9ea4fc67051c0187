"""The stand-in for the providers: what it shows at which moment, in whose words, and what it writes down."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import polars as pl
import pytest

from datazones import dialects, model
from datazones.conforming import conform, tidy
from datazones.errors import CatalogueInvalid, ProviderRefused
from infra.simulator import facts
from infra.simulator.facts import Area, Flow, Indicator, World
from infra.simulator.figures import Key, Vintage
from infra.simulator.server import serving

NOW = "2020-12-01T00:00:00Z"
GDP = "NY.GDP.MKTP.CD"


@pytest.fixture
def base() -> Iterator[str]:
    with serving(NOW) as url:
        yield url


def ask(url: str, form: dict[str, str] | None = None, /, **headers: str) -> HTTPResponse:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    found = urlopen(Request(url, urlencode(form).encode() if form else None, named), timeout=10)
    assert isinstance(found, HTTPResponse)
    return found


def body(url: str, **headers: str) -> bytes:
    return ask(url, **headers).read()


def plain(url: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(body(url))
    return found


def move(base: str, now: str) -> None:
    urlopen(Request(f"{base}/_clock", json.dumps({"now": now}).encode()), timeout=10).read()


def worldbank(base: str, areas: str = "CHN;USA", indicator: str = GDP, **params: str) -> str:
    asked = urlencode({"format": "json", "per_page": "1000", **params})
    return f"{base}/api.worldbank.org/v2/country/{areas}/indicator/{indicator}?{asked}"


def question(**chosen: str) -> dict[str, str]:
    wanted = [{"wdcode": kind, "valuecode": code} for kind, code in chosen.items()]
    return {
        "m": "QueryData",
        "dbcode": "fsnd",
        "rowcode": "zb",
        "colcode": "sj",
        "wds": json.dumps(wanted[:1]),
        "dfwds": json.dumps(wanted[1:]),
    }


def nbs(base: str, **chosen: str) -> str:
    return f"{base}/data.stats.gov.cn/easyquery.htm?{urlencode(question(**chosen))}"


def read(answer: bytes) -> pl.DataFrame:
    """The answer as our own dialect reads it."""
    spoken = [dialects.named(name) for name in ("nbs_csv", "nbs_json", "worldbank_json")]
    (dialect,) = (dialect for dialect in spoken if dialect.recognises(answer))
    return tidy(conform(dialect.read(answer, model.Hints()), model.Hints()))


def beijing_2017(base: str) -> float | None:
    found: float | None = read(body(nbs(base, reg="110000", zb="A020101", sj="2017")))["obs_value"][0]
    return found


def test_the_gdp_of_a_year_is_what_each_vintage_said(base: str) -> None:
    said = {}
    for now in ("2018-12-30T00:00:00Z", "2019-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2026-04-01T00:00:00Z"):
        move(base, now)
        said[now[:4]] = beijing_2017(base)
    assert said == {"2018": None, "2019": 28014.94, "2021": 29883.0, "2026": 31325.9}


def test_a_question_may_bring_its_own_moment_and_leaves_the_clock_alone(base: str) -> None:
    url = nbs(base, reg="110000", zb="A020101", sj="2017")
    assert read(body(url, X_Sim_Now="2026-04-01T00:00:00Z"))["obs_value"].to_list() == [31325.9]
    assert beijing_2017(base) == 28014.94


def test_a_period_that_is_not_over_has_no_row_yet(base: str) -> None:
    periods = read(body(worldbank(base, date="2015:2030")))["time_period"].unique().sort().to_list()
    assert periods == ["2015", "2016", "2017", "2018", "2019"]


def test_a_period_without_a_published_figure_has_a_row_without_a_value(base: str) -> None:
    frame = read(body(worldbank(base, "USA", date="2017:2018")))
    assert frame.select("time_period", "obs_value").rows() == [("2018", None), ("2017", 19390604000000.0)]


def test_the_release_day_of_an_answer_is_that_of_the_newest_vintage(base: str) -> None:
    days = {}
    for now in (NOW, "2024-04-01T00:00:00Z", "2024-11-01T00:00:00Z"):
        header, _ = json.loads(body(worldbank(base), X_Sim_Now=now))
        days[now[:7]] = header["lastupdated"]
    assert days == {"2020-12": "2018-10-18", "2024-04": "2024-03-28", "2024-11": "2024-10-31"}


def test_periods_without_figures_are_answered_with_rows_without_values(base: str) -> None:
    frame = read(body(worldbank(base, indicator="TX.VAL.TECH.CD", date="2010:2019")))
    assert frame.height == 20
    assert frame.filter(frame["obs_value"].is_not_null())["time_period"].unique().sort().to_list() == ["2010", "2011"]


def test_pages_add_up_to_the_whole_answer(base: str) -> None:
    whole = read(body(worldbank(base)))
    first = model.Request(
        f"{base}/api.worldbank.org/v2/country/CHN;USA/indicator/{GDP}", (("format", "json"), ("per_page", "7"))
    )
    bodies = [body(f"{first.url}?{urlencode(first.params)}")]
    rest = dialects.following("worldbank_json", first, bodies[0])
    bodies += [body(f"{each.url}?{urlencode(each.params)}") for each in rest]
    dialects.whole("worldbank_json", bodies)
    assert len(bodies) == math.ceil(whole.height / 7)
    assert pl.concat([read(each) for each in bodies]).equals(whole)


def test_the_newest_period_comes_first(base: str) -> None:
    for answer in (body(worldbank(base, "CHN")), body(nbs(base, reg="110000", zb="A020101", sj="2010-2015"))):
        periods = read(answer)["time_period"].to_list()
        assert periods == sorted(periods, reverse=True)


@pytest.mark.parametrize(
    "url",
    [
        "api.worldbank.org/v2/country/XXX/indicator/NY.GDP.MKTP.CD?format=json",
        "api.worldbank.org/v2/country/CHN/indicator/NOT.ONE?format=json",
        "api.worldbank.org/v2/country/CHN/indicator/NY.GDP.MKTP.CD?format=json&date=yesterday",
        "api.worldbank.org/v2/country/CHN/indicator/NY.GDP.MKTP.CD?format=json&page=0",
        f"data.stats.gov.cn/easyquery.htm?{urlencode(question(reg='110000', zb='NOT1', sj='2017'))}",
        f"data.stats.gov.cn/easyquery.htm?{urlencode(question(reg='999999', zb='A020101', sj='2017'))}",
        f"data.stats.gov.cn/easyquery.htm?{urlencode(question(reg='110000', zb='A020101', sj='2090'))}",
        f"data.stats.gov.cn/easyquery.htm?{urlencode(question(reg='110000', zb='A020101', sj='soon'))}",
        "data.stats.gov.cn/easyquery.htm?m=QueryData&dbcode=fsnd&wds=%5B",
        "data.stats.gov.cn/easyquery.htm?m=QueryData&dbcode=rd_bulletin&wds=%5B%5D",
    ],
)
def test_a_question_for_nothing_is_refused_inside_a_200(base: str, url: str) -> None:
    answer = ask(f"{base}/{url}")
    assert answer.status == 200
    with pytest.raises(ProviderRefused):
        read(answer.read())


def test_nbs_names_no_content_type_and_hands_out_cookies(base: str) -> None:
    answer = ask(nbs(base, reg="110000", zb="A020101", sj="LAST5"))
    assert answer.headers["Content-Type"] is None
    assert len(answer.headers.get_all("Set-Cookie") or []) == 2
    assert read(answer.read()).height == 5


def test_nbs_takes_its_question_from_a_form_too(base: str) -> None:
    chosen = {"reg": "420000", "zb": "A020101", "sj": "2015,2017"}
    form = ask(f"{base}/data.stats.gov.cn/easyquery.htm", question(**chosen)).read()
    assert form == body(nbs(base, **chosen))
    assert read(form)["time_period"].to_list() == ["2015", "2017"]


def test_nbs_lists_its_areas_as_a_tree(base: str) -> None:
    tree = json.loads(body(f"{base}/data.stats.gov.cn/easyquery.htm?m=getTree&dbcode=fsnd&wdcode=reg&id=reg"))
    assert {
        "dbcode": "fsnd",
        "id": "420000",
        "isParent": False,
        "name": "湖北省",
        "pid": "reg",
        "wdcode": "reg",
    } in tree
    assert len(tree) == 10


def test_nbs_exports_a_table_in_its_own_encoding_with_lines_above_and_notes_below(base: str) -> None:
    answer = ask(f"{base}/data.stats.gov.cn/export/fsnd/A020101.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=A020101.csv"
    lines = answer.read().decode("gb18030").splitlines()
    assert lines[:3] == ["数据库：分省年度数据", "指标：地区生产总值(亿元)", "时间：最近20年"]
    assert lines[3].startswith("地区,2019年,2018年,")
    assert lines[4].startswith("北京市,35371.28,33105.97,28014.94,")
    assert lines[-1] == "数据来源：国家统计局"


def test_an_export_and_an_answer_of_nbs_say_the_same(base: str) -> None:
    export = read(body(f"{base}/data.stats.gov.cn/export/fsnd/A020101.csv"))
    answer = read(body(nbs(base, reg="420000", zb="A020101", sj="LAST20"))).drop_nulls("obs_value")
    of_hubei = export.filter(pl.col("ref_area") == "420000")
    assert of_hubei.select("time_period", "obs_value").equals(answer.select("time_period", "obs_value"))


def test_bulletins_are_exported_under_the_name_of_their_indicator(base: str) -> None:
    frame = read(body(f"{base}/data.stats.gov.cn/export/rd_bulletin/{quote('RD强度')}.csv"))
    beijing = frame.filter(pl.col("ref_area") == "110000")
    assert beijing.select("time_period", "obs_value").rows()[0] == ("2018", 6.17)
    assert set(beijing["unit_measure"]) == {"%"}


def test_an_export_of_nothing_is_not_found(base: str) -> None:
    with pytest.raises(HTTPError, match="404"):
        body(f"{base}/data.stats.gov.cn/export/fsnd/NOT1.csv")


def test_the_world_bank_answers_in_xml_unless_json_is_asked_for(base: str) -> None:
    answer = ask(f"{base}/api.worldbank.org/v2/country/CHN/indicator/{GDP}?date=2015:2016")
    assert answer.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert b"<wb:date>2016</wb:date>" in answer.read()


def test_the_country_list_tells_our_reading_what_is_a_country(base: str) -> None:
    listed = body(f"{base}/api.worldbank.org/v2/country?format=json")
    hints = model.Hints(aside={"metadata": listed})
    series = tidy(conform(dialects.named("worldbank_json").read(body(worldbank(base)), hints), hints))
    assert {json.loads(said)["area_kind"] for said in series["series_attributes"]} == {"country"}


def test_most_recent_figures_can_be_asked_for_by_their_number(base: str) -> None:
    frame = read(body(worldbank(base, mrnev="2")))
    assert frame["time_period"].to_list() == ["2017", "2016", "2017", "2016"]
    assert read(body(worldbank(base, "CHN", mrv="3")))["obs_value"].to_list()[:2] == [None, None]


def test_a_figure_that_was_taken_back_is_absent_from_then_on() -> None:
    key = Key("A020101", "110000", "2019")
    vintages = (
        Vintage(datetime(2020, 1, 1, tzinfo=UTC), {key: "35371.28"}),
        Vintage(datetime(2020, 7, 1, tzinfo=UTC), {key: ""}),
    )
    flow = Flow(
        "NBS", "fsnd", {key.indicator: Indicator(key.indicator, "GDP")}, {key.ref_area: Area("110000", "B")}, vintages
    )
    with serving("2020-02-01T00:00:00Z", world=World([flow])) as base:
        url = nbs(base, reg="110000", zb="A020101", sj="2019")
        assert read(body(url))["obs_value"].to_list() == [35371.28]
        move(base, NOW)
        assert read(body(url))["obs_value"].to_list() == [None]


def test_the_clock_survives_a_restart_and_wins_over_the_first_moment(tmp_path: Path) -> None:
    with serving(NOW, state=tmp_path) as base:
        move(base, "2026-04-01T00:00:00Z")
    with serving(NOW, state=tmp_path) as base:
        assert plain(f"{base}/_clock") == {"now": "2026-04-01T00:00:00+00:00"}
        assert beijing_2017(base) == 31325.9


@pytest.mark.parametrize("said", [b'{"now": "tomorrow"}', b'{"now": "2020-12-01T00:00:00"}', b"{}", b"[]", b"{"])
def test_a_moment_that_is_none_does_not_move_the_clock(base: str, said: bytes) -> None:
    with pytest.raises(HTTPError, match="400"):
        urlopen(Request(f"{base}/_clock", said), timeout=10)
    assert plain(f"{base}/_clock") == {"now": "2020-12-01T00:00:00+00:00"}


def test_provider_calls_are_counted_and_the_simulators_own_are_not(base: str) -> None:
    url = worldbank(base, "CHN")
    body(url)
    body(url)
    plain(f"{base}/_clock")
    noted = plain(f"{base}/_requests")
    assert noted["count"] == 2
    assert noted["requests"] == [
        {"method": "GET", "path": url.removeprefix(base), "form": "", "status": 200, "faults": []} for _ in range(2)
    ]


@pytest.mark.parametrize("path", ["/", "/api.example.org/data", "/_nothing", "/api.worldbank.org/v3/country"])
def test_nobody_speaks_for_other_hosts_or_paths(base: str, path: str) -> None:
    with pytest.raises(HTTPError, match="404"):
        body(base + path)


def test_every_published_fact_is_a_figure_of_something_that_is_listed() -> None:
    world = facts.load()
    flows = [world.flow("NBS", "fsnd"), world.flow("NBS", "rd_bulletin"), world.flow("WB", "WDI")]
    for flow in flows:
        assert flow is not None
        assert all(vintage.figures for vintage in flow.vintages)
        texts = [text for vintage in flow.vintages for text in vintage.figures.values()]
        assert all(math.isfinite(float(text)) for text in texts)


def test_facts_of_a_vintage_that_is_not_listed_are_refused(tmp_path: Path) -> None:
    for path in facts.PUBLISHED.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "figures_more.csv").write_text(
        "vintage,indicator,ref_area,time_period,obs_value\nnobody,A020101,110000,2017,1\n", encoding="utf-8"
    )
    with pytest.raises(CatalogueInvalid, match="nobody"):
        facts.load(tmp_path)


def test_the_command_serves_and_says_where(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.simulator", "--now", NOW, "--state", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            base = process.stdout.readline().strip()
            assert beijing_2017(base) == 28014.94
        finally:
            process.terminate()


def test_a_path_is_the_providers_own_even_when_it_is_percent_encoded(base: str) -> None:
    url = worldbank(base, quote("CHN;USA", safe=""))
    assert read(body(url)).equals(read(body(worldbank(base))))
