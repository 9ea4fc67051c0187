"""World Bank pages: what is read from them, what follows a first page, and what stops the reading."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import worldbank_json
from datazones.dialects._worldbank_rows import by_heart
from datazones.errors import (
    DatazonesError,
    PagesShifted,
    ProviderRefused,
    ProviderUnavailable,
    ResponseMalformed,
    UnknownCode,
)
from datazones.model import Hints, Request

Json = dict[str, object]


def row(time_period: str = "2022", figure: object = 5.5, area: str = "ABC", **other: object) -> Json:
    return {
        "indicator": {"id": "IT.NET.USER.ZS", "value": "Individuals using the Internet (% of population)"},
        "country": {"id": area[:2], "value": f"Area of {area}"},
        "countryiso3code": area,
        "date": time_period,
        "value": figure,
        "unit": "",
        "obs_status": "",
        "decimal": 1,
    } | other


def page(rows: list[Json] | None, **header: object) -> bytes:
    announced = {"page": 1, "pages": 1, "per_page": 50, "total": len(rows or []), "lastupdated": "2026-07-13"}
    return json.dumps([announced | {"sourceid": "2"} | header, rows]).encode()


def read(body: bytes, hints: Hints | None = None) -> pl.DataFrame:
    assert worldbank_json.recognises(body)
    hints = hints or Hints(dataflow_id="WDI")
    return tidy(conform(worldbank_json.read(body, hints), hints))


def first(body: bytes, hints: Hints | None = None) -> Json:
    return read(body, hints).row(0, named=True)


def test_a_row_has_its_series_its_title_and_the_day_of_the_last_update() -> None:
    found = first(page([row()]))
    assert found["series_key"] == "A.IT.NET.USER.ZS.ABC"
    assert json.loads(str(found["dimensions"])) == {"freq": "A", "indicator": "IT.NET.USER.ZS", "ref_area": "ABC"}
    assert (found["obs_value"], found["obs_status"], found["decimals"]) == (5.5, None, 1)
    assert found["title"] == "Individuals using the Internet (% of population)"
    assert found["released_at"] == datetime(2026, 7, 13, tzinfo=UTC)
    assert (found["agency_id"], found["dataflow_id"]) == ("WB", "WDI")
    attributes = json.loads(str(found["series_attributes"]))
    assert (attributes["area_name"], attributes["area_id"], attributes["sourceid"]) == ("Area of ABC", "AB", "2")


def test_a_row_without_a_figure_is_an_observation_without_a_value() -> None:
    found = read(page([row("2023", None), row("2022", 0)]))
    assert found["obs_value"].to_list() == [None, 0.0]


def test_a_forecast_keeps_its_flag() -> None:
    assert first(page([row("2027", 1.4, obs_status="F")]))["obs_status"] == "F"


def test_a_unit_is_kept_where_there_is_one() -> None:
    assert first(page([row(unit="%")]))["unit_measure"] == "%"
    assert first(page([row()]))["unit_measure"] is None


@pytest.mark.parametrize(
    ("published", "freq", "start"),
    [("2022", "A", date(2022, 1, 1)), ("2022Q3", "Q", date(2022, 7, 1)), ("2022M05", "M", date(2022, 5, 1))],
)
def test_the_frequency_comes_from_the_period_which_stays_as_published(published: str, freq: str, start: date) -> None:
    found = first(page([row(published)]))
    assert (found["freq"], found["time_period"], found["period_start"]) == (freq, published, start)
    assert str(found["series_key"]).startswith(f"{freq}.")


def test_series_of_two_frequencies_in_one_page_stay_two_series() -> None:
    assert set(read(page([row("2022"), row("2022Q1")]))["series_key"]) == {
        "A.IT.NET.USER.ZS.ABC",
        "Q.IT.NET.USER.ZS.ABC",
    }


def test_an_area_without_a_three_letter_code_goes_by_its_own_id() -> None:
    gem = row() | {"countryiso3code": "", "country": {"id": "DEV", "value": "Developing countries"}}
    assert first(page([gem]))["ref_area"] == "DEV"


def test_an_area_without_any_code_is_refused() -> None:
    nowhere = row() | {"countryiso3code": "", "country": {"id": "", "value": "Nowhere"}}
    with pytest.raises(ResponseMalformed, match="ref_area"):
        read(page([nowhere]))


@pytest.mark.parametrize(
    "header", [{"page": "1", "pages": "1", "per_page": "1000", "total": "1"}, {"lastupdated": None, "sourceid": None}]
)
def test_header_fields_may_be_text_or_absent(header: Json) -> None:
    assert read(page([row()], **header)).height == 1


def test_a_page_without_a_last_update_has_no_release() -> None:
    assert first(page([row()], lastupdated=None))["released_at"] is None


def test_figures_written_as_text_are_read_as_the_same_figures() -> None:
    found = read(page([row("2022", "2779092236505.85"), row("2021", None)]))
    assert found["obs_value"].to_list() == [2779092236505.85, None]


def test_a_key_the_provider_adds_stays_with_its_observation() -> None:
    found = first(page([row(footnote="estimate of the staff")]))
    assert json.loads(str(found["obs_attributes"])) == {"footnote": "estimate of the staff"}


@pytest.mark.parametrize("key", ["Obs_Value", "CountryISO3code", "series_key"])
def test_a_key_the_provider_adds_cannot_take_the_name_of_one_it_has(key: str) -> None:
    with pytest.raises(ResponseMalformed, match=key):
        first(page([row(**{key: "1"})]))


def test_the_country_list_tells_aggregates_from_countries() -> None:
    def area(code: str, group: str) -> Json:
        inside = {"region": group, "incomeLevel": "HIC", "lendingType": "LNX"}
        return {"id": code, "name": code} | {key: {"id": told, "value": ""} for key, told in inside.items()}

    listed = json.dumps(
        [{"page": 1, "pages": 1, "per_page": "400", "total": 2}, [area("ABC", "ECS"), area("WLD", "NA")]]
    )
    hints = Hints(aside={"metadata": listed.encode()})
    found = read(page([row(), row(area="WLD"), row(area="XYZ")]), hints)
    kinds = [json.loads(text).get("area_kind") for text in found["series_attributes"]]
    assert kinds == ["country", "aggregate", None]
    assert json.loads(found["series_attributes"][0])["area_group"] == "ECS"


def test_a_country_list_that_goes_on_overleaf_is_refused() -> None:
    listed = page([{"id": "ABC", "region": {"id": "ECS"}}], total=296)
    with pytest.raises(ResponseMalformed, match="1 of 296"):
        read(page([row()]), Hints(aside={"metadata": listed}))


@pytest.mark.parametrize("rows", [None, []])
def test_a_page_without_rows_has_no_observations(rows: list[Json] | None) -> None:
    assert list(worldbank_json.read(page(rows, page=0, pages=0), Hints())) == []


def test_an_error_inside_a_200_is_the_providers_no() -> None:
    body = b'[{"message":[{"id":"120","key":"Invalid value","value":"The provided parameter value is not valid"}]}]'
    assert worldbank_json.recognises(body)
    with pytest.raises(ProviderRefused, match="120 Invalid value"):
        read(body)


def test_an_error_that_says_the_service_is_down_may_be_asked_again() -> None:
    body = b'[{"message":[{"id":"105","key":"Unavailable","value":"temporarily"}]}]'
    with pytest.raises(ProviderUnavailable):
        read(body)


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "ABW", "iso2Code": "AW", "name": "Aruba", "region": {"id": "LCN"}},
        {"id": "11", "name": "Africa Development Indicators", "code": "ADI"},
        {"id": "NY.GDP", "name": "GDP", "unit": "", "source": {"id": "2", "value": "WDI"}, "topics": [{}]},
    ],
)
def test_a_list_of_areas_sources_or_indicators_is_no_page_of_observations(entry: Json) -> None:
    with pytest.raises(ResponseMalformed, match="indicator"):
        read(page([entry]))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (page([row("2022", "..")]), ResponseMalformed),
        (page([row("2022", True)]), ResponseMalformed),
        (page([row("2022", {"figure": 1})]), ResponseMalformed),
        (page([row("2022", "1"), row("2021", 1)]), ResponseMalformed),
        (page([row("2022", "1" * 400)]), ResponseMalformed),
        (page([row("2022", float("nan"))]), ResponseMalformed),
        (page([row()]).replace(b"5.5", b"1e999"), ResponseMalformed),
        (page([row()]).replace(b"5.5", b"9" * 400), ResponseMalformed),
        (page([row(), row()]), ResponseMalformed),
        (page([row("last year")]), UnknownCode),
        (page([row(decimal="many")]), UnknownCode),
        (page([row(country="Aruba")]), ResponseMalformed),
        (page([row(unit=["%"])]), ResponseMalformed),
        (page([row(ref_area="ABC")]), ResponseMalformed),
        (page([row(note="a", Note="b")]), ResponseMalformed),
        (page([row(date=None)]), ResponseMalformed),
        (page([row()], lastupdated="yesterday"), ResponseMalformed),
        (page([row()], total="many"), ResponseMalformed),
        (page([row()]).replace(b'"value": 5.5', b'"value": 5.5, "value": 6'), ResponseMalformed),
        (page([row()])[:-40], ResponseMalformed),
        (b"[" * 100_000, ResponseMalformed),
        (b'[{"page":1,"pages":1,"per_page":"50","total":1},[1]]', ResponseMalformed),
        (b'[{"page":1,"pages":1,"per_page":"50","total":1}]', ResponseMalformed),
        (b"", ResponseMalformed),
        (b"<html><body>Under maintenance</body></html>", ResponseMalformed),
        (page([row()]).decode().encode("utf-16-le"), ResponseMalformed),
    ],
)
def test_bad_input_stops_the_reading_with_its_typed_error(body: bytes, error: type[DatazonesError]) -> None:
    with pytest.raises(error):
        tidy(conform(worldbank_json.read(body, Hints()), Hints()))


def test_a_byte_order_mark_and_line_ends_change_nothing() -> None:
    body = page([row()])
    marked = b"\xef\xbb\xbf" + body.replace(b", ", b",\r\n")
    assert read(marked).equals(read(body))


def compact(rows: list[Json]) -> bytes:
    """As the provider's own machine writes a page: without blanks, letters as they are."""
    header = {"page": 1, "pages": 1, "per_page": 50, "total": len(rows), "lastupdated": "2026-07-13"}
    return json.dumps([header, rows], separators=(",", ":"), ensure_ascii=False).encode()


USUAL = [
    row("2023", None, obs_status="F"),
    row("2022", 1185137703650.99, countryiso3code="", unit="%"),
    row("2021", 0, area="CÔT", decimal=12),
    row("2020Q1", -1.5e-9),
    row("2019", 12345678901234567),
]


def test_a_page_read_by_heart_is_the_page_that_is_parsed() -> None:
    body = compact(USUAL)
    beginning = worldbank_json._BEFORE_ROWS.match(body)
    assert beginning
    assert by_heart(body[beginning.end() : -3]) is not None
    assert read(body).equals(read(body.replace(b'"date":', b'"date": ')))
    assert read(body).height == len(USUAL)


@pytest.mark.parametrize(
    ("found", "other"),
    [
        ("1185137703650.99", '"1185137703650.99"'),
        ("1185137703650.99", "+1185137703650.99"),
        ("1185137703650.99", ".99"),
        ("1185137703650.99", "1."),
        ("1185137703650.99", "NaN"),
        ("1185137703650.99", "true"),
        ("1185137703650.99", "011"),
        ("1185137703650.99", "1" * 60),
        ('"decimal":12', '"decimal":12,"footnote":"x"'),
        ('"decimal":12', '"decimal":"12"'),
        ('"decimal":12', '"decimal":null'),
        ('"unit":"%",', ""),
        ('"unit":"%"', '"unit":"a\\"b"'),
        ('"unit":"%"', '"unit":"a\tb"'),
        ('"unit":"%"', '"unit":null'),
        ('"unit":"%"', '"unit":"%","unit":"%"'),
        ("},{", "},{},{"),
        ("},{", "},null,{"),
        ("},{", "}{"),
        ("},{", "},\n{"),
        ('"unit":"%"', '"unit":"},{"'),
    ],
)
def test_what_is_not_known_by_heart_is_left_to_the_parser(found: str, other: str) -> None:
    body = compact(USUAL).decode()
    assert found in body
    rows = body[body.index("[{", 1) + 2 : -3].replace(found, other, 1)
    assert by_heart(rows.encode()) is None


ASKED = Request("https://api.worldbank.org/v2/country/all/indicator/X", (("format", "json"), ("per_page", "2")))


def test_after_the_first_page_the_other_pages_are_asked() -> None:
    following = worldbank_json.following(ASKED, page([row()], pages=3))
    assert [dict(request.params)["page"] for request in following] == ["2", "3"]
    assert all(dict(request.params)["per_page"] == "2" for request in following)


def test_a_single_or_empty_page_is_followed_by_nothing() -> None:
    assert worldbank_json.following(ASKED, page([row()])) == ()
    assert worldbank_json.following(ASKED, page(None, page=0, pages=0)) == ()


def test_a_header_that_announces_a_million_pages_is_not_believed() -> None:
    with pytest.raises(ResponseMalformed):
        worldbank_json.following(ASKED, page([row()], pages=1_000_000))


def pages(**second: object) -> list[bytes]:
    announced: Json = {"pages": 2, "total": 3, "per_page": 2}
    return [
        page([row("2022"), row("2021")], **announced),
        page([row("2020")], **(announced | {"page": 2} | second)),
    ]


def test_pages_of_one_state_are_whole_in_any_order() -> None:
    worldbank_json.whole(pages())
    worldbank_json.whole(pages()[::-1])
    worldbank_json.whole([page(None, page=0, pages=0)])


@pytest.mark.parametrize(
    "second", [{"lastupdated": "2026-07-14"}, {"total": 4}, {"page": 1}, {"pages": 3}, {"page": 3}]
)
def test_pages_of_two_states_of_the_table_have_shifted(second: Json) -> None:
    with pytest.raises(PagesShifted):
        worldbank_json.whole(pages(**second))


def test_a_page_that_is_missing_or_cut_short_is_noticed() -> None:
    with pytest.raises(PagesShifted):
        worldbank_json.whole(pages()[:1])
    with pytest.raises(PagesShifted):
        worldbank_json.whole([pages()[0], page([], pages=2, total=3, page=2)])


def test_an_error_among_the_pages_is_an_error() -> None:
    with pytest.raises(ProviderRefused):
        worldbank_json.whole([*pages(), b'[{"message":[{"id":"120","key":"Invalid value","value":""}]}]'])
