"""Tables of NBS China as files: exports of data.stats.gov.cn (CSV, xls, xlsx), bulletins, and what is made of them.

Dimensions `freq`, `zb` (the indicator: a code where the table has one, else its Chinese name) and `reg` where there
are areas (a province's GB/T 2260 code, else the name as written; also `ref_area`). Three layouts, told by the header:
periods across (`地区,2024年,2023年`, the indicator stands above), indicators across (`地区,年份,GDP_亿元`), and one
figure a row (`province,year,chn_block4,value,units,variables`). The lines above may be cut away; the notes below are
kept as the series attribute `note`. What a table leaves out comes from the feed's labels: `zb`, else unknown, and
`time_period`, without which nothing is read. An empty cell across is no observation; a row without a figure is one.
https://data.stats.gov.cn/english/easyquery.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import polars as pl

from datazones import codes
from datazones.codes import Freq
from datazones.dialects._nbs import AGENCY, SUBJECT, framed, province
from datazones.dialects._nbs_tables import AREA, DATABASE, DOWN, INDICATOR, PERIOD, Table, recognises, table
from datazones.dialects._wide import figures
from datazones.dialects._wire import malformed
from datazones.model import Cube, Hints

__all__ = ["read", "recognises"]

_CONCEPTS = {AREA: "reg", INDICATOR: "zb", PERIOD: "time_period"}
_OF_A_ROW = ("reg", "time_period", "title", "obs_value", "unit_measure", "zb")
_SHAPES = {r"\d{4}": Freq.A, r"\d{4}[A-D]": Freq.Q, r"\d{6}": Freq.M}
_YEAR, _MONTH = re.compile(r"(\d{4})年?"), re.compile(r"(\d{4})年(1[0-2]|[1-9])月")
_QUARTER = re.compile(r"(\d{4})年第?([一二三四1-4])季度")
_QUARTERS = dict(zip("一二三四1234", "ABCD" * 2, strict=True))
_IN_BRACKETS, _BEHIND_LINE = re.compile(r"(.+)[(（]([^()（）=]+)[)）]"), re.compile(r".+_([^_=]+)")
_DATABASES = {
    "年度数据": "hgnd",
    "季度数据": "hgjd",
    "月度数据": "hgyd",
    "分省年度数据": "fsnd",
    "分省季度数据": "fsjd",
    "分省月度数据": "fsyd",
}
_SERIES_ATTRIBUTES = ("note",)


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations of one file; nothing where it has none. ResponseMalformed when a cell cannot be placed."""
    found = table(body)
    frame = _down(found.cells) if tuple(found.cells.columns) == DOWN else _across(found, hints)
    if frame.is_empty():
        return
    frame = frame.with_columns(pl.lit(found.note, pl.String).alias("note"))
    if "reg" in frame.columns:
        frame = frame.with_columns(pl.col("reg").alias("area"), _each(frame["reg"], province))
    database = found.above.get(DATABASE, codes.UNKNOWN)
    yield Cube(
        frame=framed(frame, _SHAPES),
        dimensions=("freq", *(name for name in ("zb", "reg") if name in frame.columns)),
        agency_id=AGENCY,
        dataflow_id=hints.dataflow_id or _DATABASES.get(database, database),
        series_attributes=_SERIES_ATTRIBUTES,
    )


def _down(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.rename(dict(zip(DOWN, _OF_A_ROW, strict=True))).with_columns(
        pl.col("obs_value", "unit_measure").replace("", None)
    )


def _across(found: Table, hints: Hints) -> pl.DataFrame:
    """One row per cell with a figure, with everything that the header, the lines above and the labels say of it."""
    own = {name: concept for name, concept in _CONCEPTS.items() if name in found.cells.columns}
    spans = [name for name in found.cells.columns if name not in own]
    periods = [name for name in spans if _period(name)]
    across = "time_period" if periods else "zb"
    if (periods and periods != spans) or across in own.values():
        raise malformed(SUBJECT, found=f"the header {found.cells.columns}", expected="only periods, or only indicators")
    frame = figures(found.cells, spans, [""]).rename({"time_period": across, **own})
    told = {name: said for name, said in _told(found, hints).items() if said and name not in frame.columns}
    frame = frame.with_columns(pl.lit(said, pl.String).alias(name) for name, said in told.items())
    if "time_period" not in frame.columns:
        raise malformed(
            SUBJECT, found=f"no period in {found.cells.columns}", expected="a label time_period of the feed"
        )
    name = _each(frame["zb"], _name)
    return frame.with_columns(
        name,
        name.alias("title"),
        _each(frame["zb"], _unit).alias("unit_measure"),
        _each(frame["time_period"], lambda text: _period(text) or text),
    )


def _told(found: Table, hints: Hints) -> dict[str, str | None]:
    """What is said of the whole table beside its cells."""
    return {
        "zb": found.above.get(INDICATOR) or hints.labels.get("zb", codes.UNKNOWN),
        "reg": found.above.get(AREA),
        "time_period": hints.labels.get("time_period"),
    }


def _each(given: pl.Series, told: Callable[[str], str | None]) -> pl.Expr:
    """The column with another word for each of its distinct ones."""
    distinct = given.unique().to_list()
    return pl.col(given.name).replace_strict(distinct, list(map(told, distinct)), return_dtype=pl.String)


def _period(text: str) -> str | None:
    """2024 for 2024年, 202405 for 2024年5月, 2024A for 2024年第一季度, as the JSON has them; None for no period."""
    if year := _YEAR.fullmatch(text):
        return year[1]
    if month := _MONTH.fullmatch(text):
        return f"{month[1]}{int(month[2]):02}"
    quarter = _QUARTER.fullmatch(text)
    return f"{quarter[1]}{_QUARTERS[quarter[2]]}" if quarter else None


def _name(text: str) -> str:
    """An indicator without its unit in brackets. Behind a line it stays: two columns may differ in nothing else."""
    found = _IN_BRACKETS.fullmatch(text)
    return found[1].strip() if found else text


def _unit(text: str) -> str | None:
    """亿元 of 地区生产总值(亿元) and of GDP_亿元; a base such as (上年=100) is none."""
    found = _IN_BRACKETS.fullmatch(text)
    last = _BEHIND_LINE.fullmatch(text)
    return found[2] if found else last[1] if last else None
