"""DBnomics v22: what is read from pages of series, how they are asked for, and what stops the reading."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from datazones import dialects
from datazones.conforming import conform, tidy
from datazones.dialects import dbnomics_json, recognise
from datazones.errors import DatazonesError, PagesShifted, ProviderRefused, ResponseMalformed, UnknownCode
from datazones.model import Hints, Request

Json = dict[str, object]
INDEXED = "2026-06-08T14:45:21.851Z"


def series(code: str = "FRA.GDP", **changed: object) -> Json:
    """One series of two years; a key set to None is left out."""
    area, subject = code.split(".")
    whole: Json = {
        "@frequency": "annual",
        "dataset_code": "WEO",
        "dataset_name": "World Economic Outlook",
        "dimensions": {"subject": subject, "country": area},
        "indexed_at": INDEXED,
        "period": ["2022", "2023"],
        "period_start_day": ["2022-01-01", "2023-01-01"],
        "provider_code": "IMF",
        "series_code": code,
        "series_name": f"{subject} of {area}",
        "value": [1.5, 2],
    }
    return {key: said for key, said in {**whole, **changed}.items() if said is not None}


def page(
    *docs: Json,
    total: int | None = None,
    offset: int = 0,
    limit: int = 1000,
    indexed_at: str = INDEXED,
    **changed: object,
) -> bytes:
    answer: Json = {
        "_meta": {"args": {"limit": limit, "offset": offset}, "version": "22.1.17"},
        "dataset": {
            "code": "WEO",
            "dimensions_codes_order": ["country", "subject"],
            "indexed_at": indexed_at,
            "provider_code": "IMF",
        },
        "errors": None,
        "provider": {"code": "IMF"},
        "series": {"docs": docs, "limit": limit, "num_found": len(docs) if total is None else total, "offset": offset},
    }
    return json.dumps({**answer, **changed}, ensure_ascii=False).encode()


def read(body: bytes) -> pl.DataFrame:
    assert recognise(body) == "dbnomics_json"
    return tidy(conform(dbnomics_json.read(body, Hints()), Hints()))


def rows(*docs: Json) -> list[tuple[str, str, float | None, str | None]]:
    return read(page(*docs)).select("series_key", "time_period", "obs_value", "obs_status").rows()


def test_the_arrays_of_every_series_become_its_observations() -> None:
    assert rows(series(), series("USA.GDP", value=[3, 4.25])) == [
        ("A.FRA.GDP", "2022", 1.5, None),
        ("A.FRA.GDP", "2023", 2.0, None),
        ("A.USA.GDP", "2022", 3.0, None),
        ("A.USA.GDP", "2023", 4.25, None),
    ]


def test_provider_flow_title_code_and_area_stand_beside_the_dimensions_of_the_data_set() -> None:
    row = read(page(series(notes=["a", "b"]))).row(0, named=True)
    assert json.loads(row["dimensions"]) == {"freq": "A", "country": "FRA", "subject": "GDP"}
    assert (row["agency_id"], row["dataflow_id"], row["title"]) == ("IMF", "WEO", "GDP of FRA")
    assert (row["ref_area"], row["freq"]) == ("FRA", "A")
    assert json.loads(row["series_attributes"]) == {"series_code": "FRA.GDP", "notes": '["a","b"]'}
    assert row["released_at"] == datetime(2026, 6, 8, 14, 45, 21, 851000, tzinfo=UTC)


def test_na_among_the_figures_is_an_observation_without_a_value() -> None:
    assert rows(series(value=["NA", 2])) == [("A.FRA.GDP", "2022", None, None), ("A.FRA.GDP", "2023", 2.0, None)]
    assert [row[2] for row in rows(series(value=["NA", "NA"]))] == [None, None]
    assert [row[2] for row in rows(series(value=[None, 2]))] == [None, 2.0]


@pytest.mark.parametrize(
    ("frequency", "periods", "freq"),
    [
        ("monthly", ["2022-01", "2022-02"], "M"),
        ("quarterly", ["2022-Q1", "2022-Q2"], "Q"),
        ("bi-annual", ["2022-S1", "2022-S2"], "S"),
        ("weekly", ["2022-W01", "2022-W02"], "W"),
        ("daily", ["2022-01-03", "2022-01-04"], "D"),
        ("unknown", ["2022-01", "2022-02"], "M"),
        (None, ["2022-Q1", "2022-Q2"], "Q"),
    ],
)
def test_the_frequency_is_the_one_told_else_that_of_the_periods(
    frequency: str | None, periods: list[str], freq: str
) -> None:
    found = rows(series(**{"@frequency": frequency}, period=periods))
    assert [row[0] for row in found] == [f"{freq}.FRA.GDP"] * 2


def test_a_frequency_among_the_dimensions_is_not_said_twice() -> None:
    ordered = {"provider_code": "IMF", "code": "WEO", "dimensions_codes_order": ["FREQ", "REF_AREA"]}
    row = read(page(series(dimensions={"FREQ": "A", "REF_AREA": "FR"}), dataset=ordered)).row(0, named=True)
    assert (row["series_key"], row["ref_area"]) == ("A.FR", "FR")


def test_series_of_several_data_sets_each_have_their_own_order_of_dimensions() -> None:
    other = series("FRA.CPI", dataset_code="IFS", dimensions={"subject": "CPI", "country": "FRA"})
    datasets = {
        "IMF/WEO": {"provider_code": "IMF", "code": "WEO", "dimensions_codes_order": ["country", "subject"]},
        "IMF/IFS": {"provider_code": "IMF", "code": "IFS", "dimensions_codes_order": ["subject", "country"]},
    }
    frame = read(page(series(), other, dataset=None, datasets=datasets))
    assert frame.select("dataflow_id", "series_key").unique(maintain_order=True).rows() == [
        ("WEO", "A.FRA.GDP"),
        ("IFS", "A.CPI.FRA"),
    ]


def test_a_data_set_without_dimensions_has_the_code_of_a_series_for_its_key() -> None:
    none = {"provider_code": "IMF", "code": "WEO", "dimensions_codes_order": []}
    frame = read(page(series(dimensions={}), series("USA.GDP", dimensions={}), dataset=none))
    assert frame["series_key"].unique(maintain_order=True).to_list() == ["A.FRA.GDP", "A.USA.GDP"]
    assert json.loads(frame["dimensions"][0]) == {"freq": "A", "series_code": "FRA.GDP"}


def test_flags_beside_the_figures_are_kept() -> None:
    beside = [["OBS_STATUS", ["p", ""]], ["CONF_STATUS", ["", "C"]], ["NOTE", [None, "revised"]]]
    frame = read(page(series(observations_attributes=beside), series("USA.GDP")))
    assert frame["obs_status"].to_list() == ["p", None, None, None]
    assert frame["conf_status"].to_list() == [None, "C", None, None]
    assert frame["obs_attributes"].to_list() == [None, '{"note":"revised"}', None, None]


def test_eurostats_flag_is_the_status_unless_there_is_a_status() -> None:
    both = [["OBS_FLAG", ["b", "p"]], ["OBS_STATUS", ["A", "B"]]]
    assert [row[3] for row in rows(series(observations_attributes=both[:1]))] == ["b", "p"]
    frame = read(page(series(observations_attributes=both)))
    assert frame["obs_status"].to_list() == ["A", "B"]
    assert frame["obs_attributes"].to_list() == ['{"obs_flag":"b"}', '{"obs_flag":"p"}']


def test_a_page_without_series_is_no_error_and_no_observation() -> None:
    assert read(page()).height == 0


def test_a_byte_order_mark_changes_nothing() -> None:
    assert read(b"\xef\xbb\xbf" + page(series())).equals(read(page(series())))


def test_a_page_of_long_series_comes_in_pieces() -> None:
    days = [
        f"{year}-{month:02}-{day:02}" for year in range(1000, 2000) for month in range(1, 13) for day in range(1, 29)
    ]
    long = {"@frequency": "daily", "period": days, "value": [1.0] * len(days)}
    docs = [series(f"{area}.GDP", **long) for area in ("AAA", "BBB", "CCC", "DDD")]
    heights = [cube.frame.height for cube in dbnomics_json.read(page(*docs), Hints())]
    assert heights == [3 * len(days), len(days)]


REQUEST = Request(
    "https://example.org/v22/series/IMF/WEO", params=(("observations", "1"), ("limit", "9000"), ("offset", "0"))
)


def test_the_other_pages_are_asked_by_the_limit_that_was_granted() -> None:
    further = dialects.following("dbnomics_json", REQUEST, page(series(), total=2500))
    assert [dict(request.params) for request in further] == [
        {"observations": "1", "limit": "1000", "offset": "1000"},
        {"observations": "1", "limit": "1000", "offset": "2000"},
    ]
    assert dialects.following("dbnomics_json", REQUEST, page(series())) == ()


def test_an_unbelievable_number_of_pages_is_refused() -> None:
    with pytest.raises(ResponseMalformed, match="1000000000 series"):
        dialects.following("dbnomics_json", REQUEST, page(series(), total=10**9, limit=1))


PAGES = [page(series(), total=2, limit=1), page(series("USA.GDP"), total=2, limit=1, offset=1)]


def test_pages_of_one_state_are_whole() -> None:
    dialects.whole("dbnomics_json", PAGES)
    dialects.whole("dbnomics_json", [page()])


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(page(series("USA.GDP"), total=3, limit=1, offset=1), id="more were found"),
        pytest.param(page(series("USA.GDP"), total=2, limit=1, offset=1, indexed_at="2026-06-09"), id="indexed again"),
        pytest.param(page(series(), total=2, limit=1, offset=1), id="the same again"),
        pytest.param(page(total=2, limit=1, offset=1), id="one is missing"),
    ],
)
def test_pages_that_shifted_are_to_be_asked_again(second: bytes) -> None:
    with pytest.raises(PagesShifted):
        dialects.whole("dbnomics_json", [PAGES[0], second])


@pytest.mark.parametrize(
    "errors", [[{"message": "Dataset 'WEO' not found", "provider_code": "IMF"}], ["Dataset 'WEO' not found"]]
)
def test_errors_inside_a_200_are_a_refusal_in_the_providers_words_even_beside_series(errors: list[object]) -> None:
    with pytest.raises(ProviderRefused, match="Dataset 'WEO' not found"):
        read(page(series(), errors=errors))


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        pytest.param(page(series(value=[1])), ResponseMalformed, "FRA.GDP", id="fewer values"),
        pytest.param(page(series(value=None)), ResponseMalformed, "observations=1", id="no values"),
        pytest.param(page(series(value=["n/a", 1])), ResponseMalformed, "n/a", id="another mark"),
        pytest.param(page(series(value=["NaN", 1])), ResponseMalformed, "nan", id="not a number"),
        pytest.param(page(series(value=[True, 1])), ResponseMalformed, "bool", id="true"),
        pytest.param(page(series(value=[[1], 1])), ResponseMalformed, "list", id="list as figure"),
        pytest.param(page(series(period=["2022", "soon"])), UnknownCode, "soon", id="no period"),
        pytest.param(page(series(period=["2022", {}])), ResponseMalformed, "time_period of", id="period no text"),
        pytest.param(page(series(period=["2022", None])), ResponseMalformed, "without a period", id="no period at all"),
        pytest.param(page(series(**{"@frequency": "bi-monthly"})), UnknownCode, "bi-monthly", id="bimonthly"),
        pytest.param(page(series(dimensions={"country": "FRA"})), ResponseMalformed, "subject", id="dimension lacks"),
        pytest.param(page(series(dimensions=None)), ResponseMalformed, "dimensions", id="no dimensions"),
        pytest.param(
            page(series(dimensions={"country": "FRA", "subject": {}})), ResponseMalformed, "dict", id="odd code"
        ),
        pytest.param(page(series(indexed_at="now")), ResponseMalformed, "'now'", id="no moment"),
        pytest.param(page(series(series_code=None)), ResponseMalformed, "series_code", id="no series code"),
        pytest.param(page(series(), series()), ResponseMalformed, "share their key", id="series twice"),
        pytest.param(page(series(Country="x")), ResponseMalformed, "each name once", id="name twice"),
        pytest.param(
            page(series(observations_attributes=[["F", ["a"]]])), ResponseMalformed, "2 attributes", id="few flags"
        ),
        pytest.param(page(series(observations_attributes=["F"])), ResponseMalformed, "a name and", id="odd flags"),
        pytest.param(page(series(), series=None), ResponseMalformed, "list of objects", id="series null"),
        pytest.param(page(series(), series={"docs": []}), ResponseMalformed, "limit", id="no limit"),
        pytest.param(b'{"_meta":{},"providers":{"docs":[]}}', ResponseMalformed, "providers", id="providers"),
        pytest.param(page(series())[:-30], ResponseMalformed, "one JSON value", id="cut short"),
        pytest.param(page(series()).replace(b"1.5", b"NaN"), ResponseMalformed, "one JSON value", id="bare NaN"),
        pytest.param(b'{"_meta":' + b"{" * 3000, ResponseMalformed, "JSON", id="deep"),
    ],
)
def test_what_cannot_be_read_without_losing_something_stops_the_reading(
    body: bytes, error: type[DatazonesError], said: str
) -> None:
    with pytest.raises(error, match=said):
        list(conform(dbnomics_json.read(body, Hints()), Hints()))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html></html>", b'{"version":"2.0","class":"dataset"}', b'{"error":[]}']
)
def test_other_bytes_are_not_recognised(body: bytes) -> None:
    assert not dbnomics_json.recognises(body)
