"""Our World in Data: what is read from tables and their metadata, and what stops the reading."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import owid_csv, recognise
from datazones.errors import DatazonesError, ResponseMalformed, UnknownCode
from datazones.model import Hints

CHART = "Entity,Code,Year,Internet users (%)\nAfrica,,2022,43.2\nChina,CHN,2021,73.1\nChina,CHN,2022,75.6\n"
WIDE = 'Entity,Code,Year,Patents,"Articles, all"\nChina,CHN,2021,1.5,\nChina,CHN,2022,,2\nWorld,OWID_WRL,2022,3,4\n'


def column(number: int, **more: object) -> dict[str, object]:
    return {
        "titleShort": "Patents",
        "titleLong": "Patents granted",
        "unit": "per million people",
        "owidVariableId": number,
        "shortName": "patents",
        "lastUpdated": "2026-01-24",
        "descriptionShort": "Granted to residents.",
        **more,
    }


METADATA = {
    "chart": {"title": "Patents"},
    "columns": {"Patents": column(1001), "Articles, all": column(1002, shortName="articles")},
}
PACKAGE = {
    "title": "Patents",
    "resources": [
        {
            "schema": {
                "fields": [
                    {"name": "Entity"},
                    {"name": "Patents", "description": "", "owidDisplaySettings": {"unit": "per million"}},
                    {"name": "Articles, all", "description": "Journals only.", "owidDisplaySettings": {}},
                ]
            }
        }
    ],
}


def read(text: str | bytes, metadata: object = None) -> pl.DataFrame:
    body = text if isinstance(text, bytes) else text.encode()
    assert recognise(body) == "owid_csv"
    aside = {} if metadata is None else {"metadata": json.dumps(metadata).encode()}
    hints = Hints(dataflow_id="patents", aside=aside)
    return tidy(conform(owid_csv.read(body, hints), hints))


def keys(frame: pl.DataFrame) -> list[tuple[str, str, float | None]]:
    return frame.select("series_key", "time_period", "obs_value").rows()


def test_an_entity_is_its_code_or_where_it_has_none_its_name() -> None:
    frame = read(CHART)
    assert keys(frame) == [("A.Africa", "2022", 43.2), ("A.CHN", "2021", 73.1), ("A.CHN", "2022", 75.6)]
    assert frame["ref_area"].to_list() == ["Africa", "CHN", "CHN"]
    assert [json.loads(said)["entity_name"] for said in frame["series_attributes"]] == ["Africa", "China", "China"]
    assert (frame["agency_id"][0], frame["dataflow_id"][0]) == ("OWID", "patents")


def test_a_chart_with_one_column_keeps_its_series_when_the_header_changes() -> None:
    renamed = read(CHART.replace("Internet users (%)", "Individuals using the Internet"))
    assert keys(renamed) == keys(read(CHART))
    assert renamed["title"][0] == "Individuals using the Internet"


def test_several_columns_are_several_indicators_and_an_empty_cell_is_no_observation() -> None:
    assert keys(read(WIDE)) == [
        ("A.CHN.Patents", "2021", 1.5),
        ("A.CHN.Articles, all", "2022", 2.0),
        ("A.OWID_WRL.Patents", "2022", 3.0),
        ("A.OWID_WRL.Articles, all", "2022", 4.0),
    ]


def test_with_metadata_an_indicator_is_its_variable_id_with_title_unit_and_release() -> None:
    row = read(WIDE, METADATA).row(0, named=True)
    assert (row["series_key"], row["title"]) == ("A.CHN.1001", "Patents granted")
    assert row["unit_measure"] == "per million people"
    assert row["released_at"] == datetime(2026, 1, 24, tzinfo=UTC)
    assert json.loads(row["series_attributes"]) == {
        "entity_name": "China",
        "owid_variable_id": "1001",
        "short_name": "patents",
        "description": "Granted to residents.",
    }


def test_metadata_knows_a_column_by_its_short_name_too() -> None:
    short = "entity,code,year,patents,articles\nChina,CHN,2021,1.5,2\n"
    assert keys(read(short, METADATA)) == [("A.CHN.1001", "2021", 1.5), ("A.CHN.1002", "2021", 2.0)]


def test_a_data_package_gives_units_and_descriptions() -> None:
    frame = read('Entity,Year,Patents,"Articles, all"\nChina,2021,1.5,2\n', PACKAGE)
    assert keys(frame) == [("A.China.Patents", "2021", 1.5), ("A.China.Articles, all", "2021", 2.0)]
    assert frame["unit_measure"].to_list() == ["per million", None]
    assert json.loads(frame["series_attributes"][1])["description"] == "Journals only."


def test_a_table_by_day_is_daily() -> None:
    row = read("Entity,Code,Day,Cases\nChina,CHN,2020-01-05,3\n").row(0, named=True)
    assert (row["series_key"], row["period_start"], row["period_end"]) == ("D.CHN", date(2020, 1, 5), date(2020, 1, 6))


def test_a_column_of_words_says_something_of_its_entity() -> None:
    header = "Entity,Code,Year,Users,Continent,9-annotations\n"
    body = header + "China,CHN,2021,1,,\nChina,CHN,2022,2,Asia,\nChina,CHN,2023,,,as of 2023\n"
    frame = read(body)
    assert keys(frame) == [("A.CHN", "2021", 1.0), ("A.CHN", "2022", 2.0)]
    attributes = json.loads(frame["series_attributes"][0])
    assert (attributes["continent"], attributes["9-annotations"]) == ("Asia", "as of 2023")


def test_a_tidy_table_of_the_world_bank_is_read_with_the_agency_of_the_feed() -> None:
    body = b"Country Name,Country Code,Year,Value\r\nChina,CHN,2022,17963170521079.3\r\n"
    hints = Hints(agency_id="WB", dataflow_id="NY.GDP.MKTP.CD")
    row = tidy(conform(owid_csv.read(body, hints), hints)).row(0, named=True)
    assert (row["series_key"], row["agency_id"], row["obs_value"]) == ("A.CHN", "WB", 17963170521079.3)
    assert read(body)["agency_id"].to_list() == ["_U"]


def test_line_ends_a_byte_order_mark_and_a_missing_last_line_end_change_nothing() -> None:
    expected = read(CHART)
    assert read(CHART.replace("\n", "\r\n")).equals(expected)
    assert read("\ufeff" + CHART.rstrip("\n")).equals(expected)


def test_a_table_without_rows_is_no_error() -> None:
    assert read("Entity,Code,Year,Users\n").height == 0


def test_a_large_table_comes_in_pieces_that_together_are_the_whole() -> None:
    rows = [
        f"An entity with quite a long name {nth},X{nth},{year},{nth}.5\n"
        for nth in range(1500)
        for year in range(1900, 2025)
    ]
    cubes = list(owid_csv.read(("Entity,Code,Year,Users\n" + "".join(rows)).encode(), Hints()))
    assert len(cubes) > 1
    assert sum(cube.frame.height for cube in cubes) == len(rows)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        pytest.param(CHART.replace("43.2", "43,2"), ResponseMalformed, "CSV", id="decimal comma"),
        pytest.param(CHART.replace("43.2", '"1,043.2"'), ResponseMalformed, "1,043.2", id="parted thousands"),
        pytest.param(CHART.replace("43.2", ".."), ResponseMalformed, r"'\.\.'", id="dots"),
        pytest.param(CHART.replace("43.2", "NaN"), ResponseMalformed, "NaN", id="not a number"),
        pytest.param(CHART.replace("43.2", "inf"), ResponseMalformed, "inf", id="infinity"),
        pytest.param(CHART.replace("43.2", "1e400"), ResponseMalformed, "1e400", id="past double"),
        pytest.param(CHART.replace("43.2", "9" * 400), ResponseMalformed, "999", id="400 digits"),
        pytest.param(CHART.replace(",43.2", ""), ResponseMalformed, "separators|not found", id="short row"),
        pytest.param(CHART.replace("2021,", "2022,"), ResponseMalformed, "share their key", id="row twice"),
        pytest.param(CHART.replace("2021", "soon"), UnknownCode, "soon", id="no period"),
        pytest.param(CHART.replace("Africa", ""), ResponseMalformed, "no code in entity", id="no entity"),
        pytest.param("Entity,Code,Year\nChina,CHN,2022\n", ResponseMalformed, "names of their own", id="no figures"),
        pytest.param(
            "Entity,Code,Year,X\nChina,CHN,2022,n/a\n", ResponseMalformed, "names of their own", id="words only"
        ),
        pytest.param("Entity,Code,Year,X,X\nChina,CHN,2022,1,2\n", ResponseMalformed, "twice", id="header twice"),
        pytest.param(
            "Entity,Code,Year,freq\nChina,CHN,2022,1\n", ResponseMalformed, "names of their own", id="name taken"
        ),
        pytest.param("Entity,Code,Month,X\nChina,CHN,2022,1\n", ResponseMalformed, "Month", id="another time"),
        pytest.param(
            "iso_code,location,year,x\nCHN,China,2022,1\n", ResponseMalformed, "iso_code", id="another header"
        ),
        pytest.param("<html>\n</html>", ResponseMalformed, "<html>", id="web page"),
        pytest.param("", ResponseMalformed, "no header", id="empty"),
    ],
)
def test_what_cannot_be_read_without_losing_something_stops_the_reading(
    text: str, error: type[DatazonesError], said: str
) -> None:
    with pytest.raises(error, match=said):
        list(conform(owid_csv.read(text.encode(), Hints()), Hints()))


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        pytest.param({"columns": {"Other": column(7)}}, "also \\['Patents'", id="another table's"),
        pytest.param({"columns": {"Patents": column(1), "Articles, all": 7}}, "list of objects", id="no object"),
        pytest.param({"columns": {"Patents": column(1), "Articles, all": column(2, unit=[])}}, "unit", id="odd unit"),
        pytest.param(
            {"columns": {"Patents": column(1), "Articles, all": column(2, lastUpdated="x")}}, "'x'", id="no day"
        ),
        pytest.param({"chart": {}}, "list of objects", id="no columns"),
        pytest.param([], "list of objects", id="a list"),
        pytest.param({"resources": [{}]}, "schema", id="no schema"),
    ],
)
def test_metadata_that_do_not_fit_stop_the_reading(metadata: object, said: str) -> None:
    with pytest.raises(ResponseMalformed, match=said):
        read(WIDE, metadata)


def test_words_that_turn_into_figures_stop_the_reading() -> None:
    rows = [
        f"An entity with quite a long name {nth},X{nth},{year},1,Asia\n"
        for nth in range(1500)
        for year in range(1900, 2025)
    ]
    body = "Entity,Code,Year,Users,Where\n" + "".join(rows) + "China,CHN,2022,1,7\n"
    with pytest.raises(ResponseMalformed, match="figures among the words in 'Where'"):
        list(owid_csv.read(body.encode(), Hints()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"country,iso_code,year,gdp\n",
        b"Country Name,Country Code,Indicator Name,Indicator Code,1960\n",
        b"Entity;Code;Year;X\n",
        b"Entity,Code,Region\n",
        b"<html>Entity,Code,Year,</html>",
    ],
)
def test_other_bytes_are_not_recognised(body: bytes) -> None:
    assert not owid_csv.recognises(body)
