"""The World Bank's bulk CSV: what is read from table, lists and zip, and what stops the reading."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import worldbank_csv
from datazones.errors import DatazonesError, ResponseMalformed, UnknownCode
from datazones.model import Hints
from tests.packing import zipped

BEFORE = '\ufeff"Data Source","World Development Indicators",\r\n\r\n"Last Updated Date","2026-07-13",\r\n\r\n'
HEADER = '"Country Name","Country Code","Indicator Name","Indicator Code","2021","2022","2023",\r\n'
ROWS = (
    '"Sandy, Islands of","SND","Internet users (%)","IT.NET.USER.ZS","61.5","","0",\r\n'
    '"World","WLD","Internet users (%)","IT.NET.USER.ZS","","66.25","",\r\n'
)
TABLE = (BEFORE + HEADER + ROWS).encode()
AREAS = (
    '\ufeff"Country Code","Region","IncomeGroup","SpecialNotes","TableName",\r\n'
    '"SND","Oceania","High income","Fiscal year\nends in June, 30","Sandy, Islands of",\r\n'
    '"WLD","","","","World",\r\n'
).encode()
INDICATORS = (
    b'"INDICATOR_CODE","INDICATOR_NAME","SOURCE_NOTE","SOURCE_ORGANIZATION",\r\n'
    b'"IT.NET.USER.ZS","Internet users (%)","Share of the population","ITU",\r\n'
)


WHOLE = zipped(
    {
        "Metadata_Indicator_API_IT.csv": INDICATORS,
        "API_IT_DS2_en_csv_v2_1.csv": TABLE,
        "Metadata_Country_API_IT.csv": AREAS,
    }
)


def read(body: bytes, hints: Hints | None = None) -> pl.DataFrame:
    assert worldbank_csv.recognises(body)
    hints = hints or Hints(dataflow_id="WDI")
    return tidy(conform(worldbank_csv.read(body, hints), hints))


def attributes(found: pl.DataFrame, area: str) -> dict[str, str]:
    said: dict[str, str] = json.loads(found.filter(ref_area=area)["series_attributes"][0])
    return said


def test_every_figure_is_an_observation_and_no_empty_cell_is() -> None:
    found = read(TABLE)
    assert found.select("series_key", "time_period", "obs_value").rows() == [
        ("A.IT.NET.USER.ZS.SND", "2021", 61.5),
        ("A.IT.NET.USER.ZS.SND", "2023", 0.0),
        ("A.IT.NET.USER.ZS.WLD", "2022", 66.25),
    ]


def test_the_lines_before_the_header_say_the_database_and_the_release() -> None:
    found = read(TABLE)
    assert set(found["released_at"]) == {datetime(2026, 7, 13, tzinfo=UTC)}
    assert attributes(found, "SND")["data_source"] == "World Development Indicators"


def test_a_title_and_an_area_name_with_a_comma_are_kept() -> None:
    found = read(TABLE)
    assert set(found["title"]) == {"Internet users (%)"}
    assert attributes(found, "SND")["area_name"] == "Sandy, Islands of"


def test_a_table_without_the_lines_before_it_has_no_release() -> None:
    found = read((HEADER + ROWS).encode())
    assert found.height == 3
    assert found["released_at"].null_count() == 3


def test_the_country_list_aside_tells_aggregates_from_countries() -> None:
    found = read(TABLE, Hints(aside={"metadata": AREAS}))
    assert attributes(found, "SND")["area_kind"] == "country"
    assert attributes(found, "SND")["area_notes"] == "Fiscal year\nends in June, 30"
    assert attributes(found, "WLD")["area_kind"] == "aggregate"


def test_the_zip_is_read_with_its_lists_wherever_they_stand_in_it() -> None:
    found = read(WHOLE)
    assert found.height == 3
    assert attributes(found, "SND")["income_level"] == "High income"
    assert attributes(found, "WLD")["indicator_origin"] == "ITU"


def test_a_table_without_figures_has_no_observations() -> None:
    assert read((BEFORE + HEADER).encode()).height == 0
    assert read((BEFORE + HEADER + '"World","WLD","Users","IT","","","",\r\n').encode()).height == 0


@pytest.mark.parametrize("body", [AREAS, INDICATORS, zipped({"Metadata_Country_API_IT.csv": AREAS})])
def test_lists_alone_have_no_observations(body: bytes) -> None:
    with pytest.raises(ResponseMalformed, match="lists"):
        read(body)


def changed(found: str, other: str) -> bytes:
    assert found.encode() in TABLE
    return TABLE.replace(found.encode(), other.encode())


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (changed('"61.5"', '".."'), ResponseMalformed),
        (changed('"61.5"', '"61,5"'), ResponseMalformed),
        (changed('"61.5"', '"NaN"'), ResponseMalformed),
        (changed('"61.5"', '"inf"'), ResponseMalformed),
        (changed('"61.5"', f'"{"6" * 400}"'), ResponseMalformed),
        (changed('"61.5","","0",', '"61.5","",'), ResponseMalformed),
        (changed('"61.5","","0",', '"61.5","","0","7",'), ResponseMalformed),
        (changed('"61.5","","0",', '"61.5","","0","'), ResponseMalformed),
        (changed('"0",', '"0","late"'), ResponseMalformed),
        (changed('"2022",', '"2021",'), ResponseMalformed),
        (changed('"2022",', '"latest",'), UnknownCode),
        (changed('"2026-07-13"', '"soon"'), ResponseMalformed),
        (changed('"Indicator Code"', '"Code"'), ResponseMalformed),
        (TABLE + ROWS.encode(), ResponseMalformed),
        (
            zipped({"API_IT.csv": TABLE, "Metadata_Country_IT.csv": AREAS.replace(b'"WLD"', b'"SND"')}),
            ResponseMalformed,
        ),
        (
            zipped({"API_IT.csv": TABLE, "Metadata_Country_IT.csv": AREAS.replace(b"SpecialNotes", b"Notes")}),
            ResponseMalformed,
        ),
        (zipped({"API_IT.csv": b"<html>busy</html>"}), ResponseMalformed),
        (zipped({"API_IT.csv": TABLE})[:-30], ResponseMalformed),
        (TABLE.replace(b"World", b"W\xf6rld"), ResponseMalformed),
        (b"", ResponseMalformed),
        (b"<html><body>Under maintenance</body></html>", ResponseMalformed),
    ],
)
def test_bad_input_stops_the_reading_with_its_typed_error(body: bytes, error: type[DatazonesError]) -> None:
    with pytest.raises(error):
        tidy(conform(worldbank_csv.read(body, Hints()), Hints()))


def test_a_figure_beyond_the_last_named_column_is_never_dropped() -> None:
    with pytest.raises(ResponseMalformed, match="beyond"):
        read(changed('"0",\r', '"0",7\r'))


def test_an_area_aside_that_is_listed_twice_is_refused() -> None:
    twice = AREAS + b'"WLD","","","","World",\r\n'
    with pytest.raises(ResponseMalformed, match="twice"):
        read(TABLE, Hints(aside={"metadata": twice}))


@pytest.mark.parametrize(
    "other",
    [b'"Country Name","Country Code","Year","Value"\n', b"DATAFLOW,FREQ\n", zipped({"WS_TC_csv_col.csv": TABLE})],
)
def test_other_tables_are_not_taken_for_it(other: bytes) -> None:
    assert not worldbank_csv.recognises(other)
