"""One question in every wire format that the simulator speaks, and what the facts say is the answer.

The oracle is the facts themselves (`Flow.seen`), in which no format has a hand. What each format can say of a flag, and
how a series is called in it, stands here, apart from both the writers and the readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from urllib.parse import urlsplit

from datazones import dialects
from datazones.conforming import conform, tidy
from datazones.model import Hints, Request
from datazones.transport import Manners, Transport, collect
from infra.simulator.facts import World
from infra.simulator.figures import Key
from tests.shelf import Shelf

Row = tuple[str, str, float | None, str | None, str | None]
"""Series key, period, figure, status, confidentiality."""

Said = tuple[str | None, str | None]
"""Status and confidentiality as published."""

WORLD_BANK, PROVINCES = ("WB", "WDI"), ("NBS", "fsnd")
INDICATORS = {
    WORLD_BANK: ("NY.GDP.MKTP.CD", "IT.NET.USER.ZS", "SIM.VOLUME.0001"),
    PROVINCES: ("A020101", "A030101", "A0N0405", "SIM0001"),
}
AREAS = {WORLD_BANK: ("CHN", "USA", "XAA", "XBC"), PROVINCES: ("110000", "330000", "420000", "520000")}


def _no_flags(_figure: str | None, _letter: str | None) -> Said:
    return None, None


def _letters(_figure: str | None, letter: str | None) -> Said:
    return letter, None


def _eurostat(_figure: str | None, letter: str | None) -> Said:
    return (None, "C") if letter == "c" else (letter, None)


def _tsv(_figure: str | None, letter: str | None) -> Said:
    return ("@C", "C") if letter == "c" else (letter, None)


def _sdmx_status(figure: str | None, letter: str | None) -> Said:
    missing = "Q" if letter == "c" else "O"
    return ({"p": "P", "e": "E"}.get(letter or "", "A") if figure is not None else missing), None


def _sdmx(figure: str | None, letter: str | None) -> Said:
    return _sdmx_status(figure, letter)[0], "C" if letter == "c" else "F"


def _always(_figure: str | None, _letter: str | None) -> bool:
    return True


def _with_figure(figure: str | None, _letter: str | None) -> bool:
    return figure is not None


def _with_figure_or_flag(figure: str | None, letter: str | None) -> bool:
    return figure is not None or letter is not None


@dataclass(frozen=True)
class Question:
    """A question about some series in one wire format.

    `named` is the series key of an indicator and an area, `said` what the format makes of a figure and its letter,
    `shown` whether it shows that at all, `since` from which year on it has rows whether or not there are figures;
    `newest` is how many years back it goes; `whole` asks for every indicator of the flow.
    """

    name: str
    dialect: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    flow: tuple[str, str] = WORLD_BANK
    indicators: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    named: Callable[[str, str], str] = lambda indicator, area: f"A.{indicator.replace('.', '_')}.{area}"
    period: str = "{}"
    said: Callable[[str | None, str | None], Said] = _no_flags
    shown: Callable[[str | None, str | None], bool] = _with_figure
    since: int | None = None
    newest: int | None = None
    whole: bool = False

    @property
    def request(self) -> Request:
        return Request(self.url, self.params)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def expected(self, world: World, now: datetime) -> list[Row]:
        """Every observation that the facts have of these series at that moment, as this format says it."""
        return sorted(self._rows(world, now), key=repr)

    def _rows(self, world: World, now: datetime) -> Iterator[Row]:
        flow = world.flow(*self.flow)
        assert flow is not None
        seen = flow.seen(now)
        indicators = flow.indicators if self.whole else self.indicators or INDICATORS[self.flow]
        for indicator, area in product(indicators, self.areas or AREAS[self.flow]):
            years = range(self.since, now.year) if self.since else seen.periods(indicator, area)
            for year in (str(each) for each in years if not self.newest or each >= now.year - self.newest):
                figure, letter = seen.figure(Key(indicator, area, year)), seen.status(Key(indicator, area, year))
                if self.shown(figure, letter):
                    value = None if figure is None else float(figure)
                    yield (self.named(indicator, area), self.period.format(year), value, *self.said(figure, letter))


_ECB = "https://data-api.ecb.europa.eu/service/data"
_EUROSTAT = "https://ec.europa.eu/eurostat/api/dissemination"
_SDMX_KEY = "A.{}.{}".format(*("+".join(x).replace(".", "_") for x in (INDICATORS[WORLD_BANK], AREAS[WORLD_BANK])))
_PROVINCE_KEY = "A.{}.{}".format("+".join(INDICATORS[PROVINCES]), "+".join(AREAS[PROVINCES]))
_EVERY_AREA = ("CHN", "USA", *(f"X{a}{b}" for a, b in product("ABCDEFGHIJKLMNOPQRSTUVWXYZ", repeat=2)))[: 264 + 2]
_FRED_KEY = ("api_key", "abcdefghijklmnopqrstuvwxyz012345")


def _dotted(indicator: str, area: str) -> str:
    return f"A.{indicator}.{area}"


def _nbs_wds(indicator: str) -> tuple[tuple[str, str], ...]:
    chosen = f'[{{"wdcode":"zb","valuecode":"{indicator}"}},{{"wdcode":"sj","valuecode":"1990-"}}]'
    return (("m", "QueryData"), ("dbcode", "fsnd"), ("rowcode", "reg"), ("colcode", "sj"), ("wds", chosen))


_ALL_PROVINCES = ("110000", "330000", "340000", "370000", "410000", "420000", "430000", "440000", "510000", "520000")

QUESTIONS = (
    Question(
        "worldbank_json",
        "worldbank_json",
        f"https://api.worldbank.org/v2/country/{';'.join(AREAS[WORLD_BANK])}/indicator/{';'.join(INDICATORS[WORLD_BANK])}",
        (("format", "json"), ("per_page", "50")),
        named=_dotted,
        shown=_always,
        since=1960,
    ),
    Question(
        "worldbank_csv",
        "worldbank_csv",
        "https://api.worldbank.org/v2/en/indicator/SIM.VOLUME.0001",
        (("downloadformat", "csv"),),
        indicators=("SIM.VOLUME.0001",),
        areas=_EVERY_AREA,
        named=_dotted,
    ),
    Question(
        "sdmx_csv 1.0 of the ECB", "sdmx_csv", f"{_ECB}/WDI/{_SDMX_KEY}", (("format", "csvdata"),),
        said=_sdmx, shown=_always,
    ),
    Question(
        "sdmx_csv 1.0 of Eurostat", "sdmx_csv", f"{_EUROSTAT}/sdmx/2.1/data/FSND/{_PROVINCE_KEY}",
        (("format", "SDMX-CSV"),), PROVINCES, said=_eurostat, shown=_always,
    ),
    Question(
        "sdmx_csv 2.0 with labels", "sdmx_csv", f"https://sdmx.oecd.org/public/rest/data/OECD,WDI,1.0/{_SDMX_KEY}",
        (("format", "csvfilewithlabels"),), said=_sdmx_status, shown=_always,
    ),
    Question(
        "sdmx_csv 2.0", "sdmx_csv", f"{_EUROSTAT}/sdmx/3.0/data/dataflow/ESTAT/FSND/1.0/{_PROVINCE_KEY}",
        (("format", "csvdata"), ("formatVersion", "2.0")), PROVINCES, said=_sdmx, shown=_always,
    ),
    Question(
        "sdmx_json 1.0", "sdmx_json", f"{_ECB}/WDI/{_SDMX_KEY}", (("format", "jsondata"),),
        said=_sdmx_status, shown=_always,
    ),
    Question(
        "sdmx_json 1.0 flat", "sdmx_json", f"{_ECB}/FSND/{_PROVINCE_KEY}",
        (("format", "jsondata"), ("dimensionAtObservation", "AllDimensions")), PROVINCES,
        said=_sdmx_status, shown=_always,
    ),
    Question(
        "sdmx_json 2.0", "sdmx_json", f"https://api.imf.org/external/sdmx/3.0/data/dataflow/IMF/WDI/1.0/{_SDMX_KEY}",
        (("format", "json"),), said=_sdmx_status, shown=_always,
    ),
    Question(
        "sdmx_ml 2.1 generic", "sdmx_ml", f"{_ECB}/WDI/{_SDMX_KEY}", (("format", "genericdata"),),
        said=_sdmx, shown=_always,
    ),
    Question(
        "sdmx_ml 2.1 structure-specific", "sdmx_ml", f"{_ECB}/FSND/{_PROVINCE_KEY}",
        (("format", "structurespecificdata"),), PROVINCES, said=_sdmx, shown=_always,
    ),
    Question(
        "sdmx_ml 3.0", "sdmx_ml", f"{_EUROSTAT}/sdmx/3.0/data/dataflow/ESTAT/WDI/1.0/{_SDMX_KEY}",
        said=_sdmx, shown=_always,
    ),
    Question(
        "json_stat", "json_stat", f"{_EUROSTAT}/statistics/1.0/data/FSND",
        (*(("indicator", code) for code in INDICATORS[PROVINCES]), *(("geo", code) for code in AREAS[PROVINCES])),
        PROVINCES, said=_letters, shown=_with_figure_or_flag,
    ),
    Question(
        "eurostat_tsv", "eurostat_tsv", f"{_EUROSTAT}/sdmx/2.1/data/WDI/{_SDMX_KEY}", (("format", "TSV"),),
        said=_tsv, shown=_with_figure_or_flag,
    ),
    Question(
        "nbs_json", "nbs_json", "https://data.stats.gov.cn/easyquery.htm", _nbs_wds("A0N0405"), PROVINCES,
        indicators=("A0N0405",), areas=_ALL_PROVINCES, named=_dotted, shown=_always, since=1990,
    ),
    Question(
        "nbs_csv", "nbs_csv", "https://data.stats.gov.cn/export/fsnd/A020101.csv", (), PROVINCES,
        indicators=("A020101",), areas=_ALL_PROVINCES,
        named=lambda _, area: f"A.地区生产总值.{area}", newest=20,
    ),
    Question(
        "fred_json", "fred_json", "https://api.stlouisfed.org/fred/series/observations",
        (("series_id", "SIMVOLUME0001XAA"), ("file_type", "json"), ("limit", "25"), _FRED_KEY),
        indicators=("SIM.VOLUME.0001",), areas=("XAA",), labels={"series_id": "SIMVOLUME0001XAA", "freq": "A"},
        named=lambda *_: "SIMVOLUME0001XAA.lin", period="{}-01-01", shown=_always,
    ),
    Question(
        "owid_csv", "owid_csv", "https://ourworldindata.org/grapher/made-up-for-volume-sim-volume-0001.csv",
        indicators=("SIM.VOLUME.0001",), areas=_EVERY_AREA, named=lambda _, area: f"A.{area}",
    ),
    Question(
        "dbnomics_json", "dbnomics_json", "https://api.db.nomics.world/v22/series/WB/WDI",
        (("observations", "1"), ("limit", "5"), (
            "dimensions", '{"indicator":["IT.NET.USER.ZS","NY.GDP.MKTP.CD","SIM.VOLUME.0001"],'
            '"ref_area":["CHN","USA","XAA","XBC"]}'
        )),
        named=lambda indicator, area: f"A.A.{indicator}.{area}", said=_letters, shown=_always,
    ),
    Question(
        "imf_weo", "imf_weo", "https://www.imf.org/external/pubs/ft/weo/2018/02/weodata/WEOOct2018all.xls",
        areas=_EVERY_AREA, whole=True,
        named=lambda indicator, area: f"A.{1 + sorted(_EVERY_AREA).index(area):03}.{indicator}",
    ),
    Question(
        "bis_csv", "bis_csv", "https://data.bis.org/static/bulk/FSND_csv_col.zip", (), PROVINCES, areas=_ALL_PROVINCES,
        whole=True,
    ),
)  # fmt: skip


def transport_to(
    base: str, host: str, now: datetime = datetime(2026, 4, 1, tzinfo=UTC), **manners: object
) -> Transport:
    """A client of this one provider, as the simulator at `base` stands in for it."""
    chosen = Manners(user_agent="datazones tests", allowed_hosts=frozenset({host}), **manners)  # type: ignore[arg-type]
    return Transport(chosen, lambda: now, base)


def asked(base: str, question: Question, patience_s: float = 30.0, **manners: object) -> list[Row]:
    """The observations that come of the question: over HTTP, page by page, through the dialect and conforming."""
    shelf = Shelf()
    with transport_to(base, question.host, **manners) as transport:
        landed = collect(transport, [question.request], question.dialect, keep=shelf.keep, patience_s=patience_s)
    hints = Hints(dataflow_id=question.flow[1], labels=question.labels)
    cubes = (cube for body in shelf.texts(landed) for cube in dialects.named(question.dialect).read(body, hints))
    frame = tidy(conform(cubes, hints))
    columns = ("series_key", "time_period", "obs_value", "obs_status", "conf_status")
    return sorted(frame.select(columns).rows(), key=repr)
