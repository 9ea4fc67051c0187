"""The formats of the simulator beyond a plain question: refusals, companions, vintages, and answers of any size."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest

from datazones import dialects
from datazones.conforming import conform, tidy
from datazones.errors import ProviderRefused
from datazones.model import Hints, Request
from datazones.transport import collect
from infra.simulator import facts, formats
from infra.simulator.exchange import Asked
from infra.simulator.facts import Flow, World
from infra.simulator.figures import Key
from infra.simulator.server import serving
from infra.simulator.volume import widened
from tests.shelf import Shelf
from tests.simulated import QUESTIONS, transport_to

NOW = "2026-04-01T00:00:00Z"
FRED = "https://api.stlouisfed.org/fred/series"
KEY = "api_key=abcdefghijklmnopqrstuvwxyz012345&file_type=json"
NO_HINTS = Hints()
EUROSTAT = "https://ec.europa.eu/eurostat/api/dissemination"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serving(NOW) as url:
        yield url


def bodies(base: str, url: str, dialect: str) -> list[bytes]:
    shelf = Shelf()
    with transport_to(base, urlsplit(url).netloc) as transport:
        landed = collect(transport, [Request(url)], dialect, keep=shelf.keep)
    return shelf.texts(landed)


def read(base: str, url: str, dialect: str, hints: Hints = NO_HINTS) -> pl.DataFrame:
    cubes = (cube for body in bodies(base, url, dialect) for cube in dialects.named(dialect).read(body, hints))
    return tidy(conform(cubes, hints))


@pytest.mark.parametrize(
    ("dialect", "url"),
    [
        ("sdmx_csv", "https://data-api.ecb.europa.eu/service/data/EXR?format=csvdata"),
        ("sdmx_csv", "https://sdmx.oecd.org/public/rest/data/OECD,WDI,1.0/A.B?format=csvfile"),
        ("sdmx_json", "https://api.imf.org/external/sdmx/3.0/data/dataflow/IMF/CPI/1.0/*?format=json"),
        ("sdmx_ml", "https://data-api.ecb.europa.eu/service/data/WDI/A.B"),
        ("eurostat_tsv", f"{EUROSTAT}/sdmx/2.1/data/NAMA_10_GDP?format=TSV"),
        ("json_stat", f"{EUROSTAT}/statistics/1.0/data/prc_hicp_manr?format=JSON"),
        ("json_stat", f"{EUROSTAT}/statistics/1.0/data/WDI?format=JSON&coicop=CP00"),
        ("fred_json", f"{FRED}/observations?series_id=GDP&{KEY}"),
        ("fred_json", f"{FRED}/observations?series_id=NYGDPMKTPCDCHN&file_type=json&api_key=short"),
        ("owid_csv", "https://ourworldindata.org/grapher/no-such-chart.csv"),
        ("dbnomics_json", "https://api.db.nomics.world/v22/series/WB/NONE?observations=1"),
        ("dbnomics_json", "https://api.db.nomics.world/v22/series/WB/WDI?observations=1&dimensions=x"),
        ("bis_csv", "https://data.bis.org/static/bulk/WS_CBPOL_csv_col.zip"),
        ("worldbank_csv", "https://api.worldbank.org/v2/en/indicator/NONE?downloadformat=csv"),
    ],
)
def test_what_does_not_exist_is_refused_as_its_provider_refuses_it(base: str, dialect: str, url: str) -> None:
    with pytest.raises(ProviderRefused):
        read(base, url, dialect)


@pytest.mark.parametrize("spoken", ["csvdata", "jsondata", "genericdata", "structurespecificdata"])
def test_periods_without_any_figure_are_nothing_found(base: str, spoken: str) -> None:
    url = f"https://data-api.ecb.europa.eu/service/data/WDI?format={spoken}&startPeriod=2030"
    assert bodies(base, url, "sdmx_ml") == [b""]


@pytest.mark.parametrize(
    ("asked", "periods"),
    [
        ("/service/data/WDI/A.NY_GDP_MKTP_CD.CHN?startPeriod=2014&endPeriod=2015", ["2014", "2015"]),
        ("/service/data/WDI/A.NY_GDP_MKTP_CD.CHN?endPeriod=2017&lastNObservations=2", ["2016", "2017"]),
        (
            "/service/data/ECB,WDI,1.0/..CHN?c[INDICATOR]=NY.GDP.MKTP.CD&c[TIME_PERIOD]=ge:2013+le:2014",
            ["2013", "2014"],
        ),
    ],
)
def test_sdmx_questions_choose_series_and_periods(base: str, asked: str, periods: list[str]) -> None:
    frame = read(base, f"https://data-api.ecb.europa.eu{asked.replace('+', '%2B')}", "sdmx_ml")
    assert frame["time_period"].to_list() == periods


def test_fred_gives_every_vintage_with_the_day_it_was_released(base: str) -> None:
    url = f"{FRED}/observations?series_id=NYGDPMKTPCDCHN&realtime_start=1776-07-04&realtime_end=9999-12-31&{KEY}"
    frame = read(base, url, "fred_json")
    of_2017 = frame.filter(time_period="2017-01-01").select("released_at", "obs_value").rows()
    assert [(day.date().isoformat(), figure) for day, figure in of_2017] == [
        ("2018-10-18", 12237700479375.0),
        ("2024-03-28", 12310491333980.9),
        ("2024-10-31", 12310491333980.889),
    ]


def test_fred_gives_the_first_release_alone_and_the_days_of_all(base: str) -> None:
    window = "realtime_start=1776-07-04&realtime_end=9999-12-31"
    first = json.loads(
        bodies(base, f"{FRED}/observations?series_id=NYGDPMKTPCDCHN&output_type=4&{window}&{KEY}", "fred_json")[0]
    )
    dates = [row["date"] for row in first["observations"]]
    assert len(set(dates)) == len(dates)
    with transport_to(base, "api.stlouisfed.org") as transport:
        days = json.loads(transport.ask(Request(f"{FRED}/vintagedates?series_id=NYGDPMKTPCDCHN&{KEY}")).body)
    assert days["vintage_dates"][0] == "2018-10-18"


@pytest.mark.parametrize(
    ("dialect", "url", "aside", "said"),
    [
        (
            "fred_json",
            f"{FRED}/observations?series_id=NYGDPMKTPCDCHN&{KEY}",
            f"{FRED}?series_id=NYGDPMKTPCDCHN&{KEY}",
            ("A", "GDP (current US$) - China"),
        ),
        (
            "owid_csv",
            "https://ourworldindata.org/grapher/gdp-current-us.csv?useColumnShortNames=true",
            "https://ourworldindata.org/grapher/gdp-current-us.metadata.json",
            ("A", "GDP (current US$)"),
        ),
    ],
)
def test_companions_tell_what_the_figures_are(
    base: str, dialect: str, url: str, aside: str, said: tuple[str, str]
) -> None:
    with transport_to(base, urlsplit(url).netloc) as transport:
        hints = Hints(aside={"metadata": transport.ask(Request(aside)).body})
    frame = read(base, url, dialect, hints)
    assert frame.select("freq", "title").unique().rows() == [said]


def of_volume(url: str) -> Asked:
    split = urlsplit(url)
    pairs = tuple(parse_qsl(split.query))
    return Asked("GET", split.netloc, split.path, pairs, {}, datetime(2026, 4, 1, tzinfo=UTC))


MADE_UP = "+".join(f"SIM_VOLUME_{nth:04}" for nth in range(1, 3))
SDMX_KEY = f"A.{MADE_UP}.".replace("+", "%2B")
LARGE = [
    f"https://api.worldbank.org/v2/country/all/indicator/{MADE_UP.replace('_', '.').replace('+', ';')}"
    "?format=json&per_page=100000",
    f"https://data-api.ecb.europa.eu/service/data/WDI/{SDMX_KEY}?format=csvdata",
    f"https://data-api.ecb.europa.eu/service/data/WDI/{SDMX_KEY}?format=jsondata",
    f"https://api.imf.org/external/sdmx/3.0/data/dataflow/IMF/WDI/1.0/{SDMX_KEY}?format=json",
    f"https://data-api.ecb.europa.eu/service/data/WDI/{SDMX_KEY}?format=genericdata",
    f"https://ec.europa.eu/eurostat/api/dissemination/sdmx/3.0/data/dataflow/ESTAT/WDI/1.0/{SDMX_KEY}",
    f"{EUROSTAT}/sdmx/2.1/data/WDI/{SDMX_KEY}?format=TSV",
    f"{EUROSTAT}/statistics/1.0/data/WDI?format=JSON",
    "https://data.stats.gov.cn/easyquery.htm?m=QueryData&dbcode=fsnd&rowcode=reg&colcode=sj"
    '&wds=[{"wdcode":"zb","valuecode":"SIM000"},{"wdcode":"sj","valuecode":"1949-"}]',
    "https://ourworldindata.org/grapher/made-up-for-volume-sim-volume-0001.csv",
    "https://api.db.nomics.world/v22/series/WB/WDI?observations=1",
    "https://www.imf.org/external/pubs/ft/weo/2021/02/weodata/WEOOct2021all.xls",
    "https://data.bis.org/static/bulk/WDI_csv_col.zip",
]


def counting(world: World, made: list[Key]) -> World:
    """The same world, which notes every made-up figure that it is asked for."""

    def noting(flow: Flow) -> Flow:
        made_up = flow.made_up
        if made_up is None:
            return flow
        figure = made_up.figure

        def noted(key: Key, now: datetime) -> str | None:
            made.append(key)
            return figure(key, now)

        return replace(flow, made_up=replace(made_up, figure=noted))

    return World(map(noting, world))


@pytest.mark.parametrize("url", LARGE)
def test_a_large_answer_is_made_as_it_is_sent(url: str) -> None:
    made: list[Key] = []
    answer = formats.answer(of_volume(url.replace("%2B", "+")), counting(widened(facts.load(), 2), made))
    pieces = iter(answer.pieces)
    first, made_by_then = next(pieces), len(made)
    rest = [len(piece) for piece in pieces]
    assert answer.status == 200
    assert len(rest) >= 1
    assert max(len(first), *rest) < 1 << 18
    assert len(made) > 3_000
    assert made_by_then < len(made)


def test_any_number_of_indicators_is_there_in_every_format_that_shows_a_whole_flow() -> None:
    few, many = (widened(facts.load(), volume) for volume in (1, 3))
    url = f"{EUROSTAT}/sdmx/2.1/data/WDI?format=TSV"
    rows = [formats.answer(of_volume(url), world).whole().count(b"A,SIM_VOLUME_") for world in (few, many)]
    assert rows == [266, 3 * 266]


def test_the_same_moment_gives_the_same_bytes(base: str) -> None:
    for question in QUESTIONS:
        if "sim" not in str(question.request).lower():
            with transport_to(base, question.host) as transport:
                assert transport.ask(question.request).body == transport.ask(question.request).body


def test_no_format_leans_on_a_dialect() -> None:
    folder = Path(formats.__file__).parents[1]
    imported = {
        node.module
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert not {name for name in imported if name.startswith("datazones")} - {"datazones.errors"}
