"""FRED observations in their four output types: vintages, windows, pages, and what stops the reading."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import fred_json
from datazones.errors import (
    DatazonesError,
    PagesShifted,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    ResponseMalformed,
    StructureChanged,
    UnknownCode,
)
from datazones.model import Hints, Request

Json = dict[str, object]
ALL_TIME = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}
LABELS = Hints(labels={"series_id": "RDX", "freq": "Q"}, dataflow_id="RDX")


def row(day: str, begins: str, figure: object, ends: str = "9999-12-31") -> Json:
    return {"realtime_start": begins, "realtime_end": ends, "date": day, "value": figure}


def answer(rows: list[Json], **asked: object) -> bytes:
    return json.dumps(
        ALL_TIME
        | {"observation_start": "1600-01-01", "observation_end": "9999-12-31", "units": "lin", "output_type": 1}
        | {"file_type": "json", "order_by": "observation_date", "sort_order": "asc"}
        | {"count": len(rows), "offset": 0, "limit": 100_000}
        | asked
        | {"observations": rows}
    ).encode()


def read(body: bytes, hints: Hints = LABELS) -> pl.DataFrame:
    assert fred_json.recognises(body)
    return tidy(conform(fred_json.read(body, hints), hints))


def released(found: pl.DataFrame) -> list[tuple[str, float | None, str | None]]:
    """Day of release, value, and what is said of the release."""
    days = found["released_at"].dt.strftime("%Y-%m-%d")
    said = [None if text is None else json.loads(text)["released"] for text in found["obs_attributes"]]
    return list(zip(days, found["obs_value"], said, strict=True))


VINTAGES = answer(
    [
        row("2024-01-01", "2024-04-25", "100.5", "2024-05-29"),
        row("2024-01-01", "2024-05-30", ".", "2024-06-26"),
        row("2024-01-01", "2024-06-27", "101.25"),
    ]
)


def test_every_real_time_period_is_a_vintage_released_on_its_first_day() -> None:
    assert released(read(VINTAGES)) == [
        ("2024-04-25", 100.5, None),
        ("2024-05-30", None, None),
        ("2024-06-27", 101.25, None),
    ]


def test_a_release_is_at_midnight_utc() -> None:
    assert read(VINTAGES)["released_at"][0] == datetime(2024, 4, 25, tzinfo=UTC)


def test_series_units_and_frequency_are_as_the_feed_says() -> None:
    found = read(VINTAGES).row(0, named=True)
    assert (found["series_key"], found["agency_id"], found["dataflow_id"]) == ("RDX.lin", "FRED", "RDX")
    assert (found["freq"], found["time_period"]) == ("Q", "2024-01-01")
    assert (found["period_start"], found["period_end"]) == (date(2024, 1, 1), date(2024, 4, 1))


def test_a_transformation_is_another_series_with_a_unit_of_its_own() -> None:
    found = read(answer([row("2024-01-01", "2024-04-25", "1.5")], units="pch")).row(0, named=True)
    assert (found["series_key"], found["unit_measure"]) == ("RDX.pch", "pch")


def test_a_period_that_begins_with_the_window_was_released_on_that_day_or_before() -> None:
    window = {"realtime_start": "2024-05-01", "realtime_end": "2024-12-31"}
    rows = [
        row("2024-01-01", "2024-05-01", "100.5", "2024-05-29"),
        row("2024-01-01", "2024-05-30", "101", "2024-12-31"),
    ]
    assert released(read(answer(rows, **window))) == [
        ("2024-05-01", 100.5, "on or before"),
        ("2024-05-30", 101.0, None),
    ]


def test_todays_values_are_known_today_at_the_latest() -> None:
    today = {"realtime_start": "2024-11-03", "realtime_end": "2024-11-03"}
    rows = [row("2024-01-01", "2024-11-03", "101", "2024-11-03")]
    assert released(read(answer(rows, **today))) == [("2024-11-03", 101.0, "on or before")]


def test_first_releases_are_read_as_such() -> None:
    rows = [row("2024-01-01", "2024-04-25", "100.5", "2024-05-29"), row("2024-04-01", "2024-07-25", "102")]
    assert released(read(answer(rows, output_type=4))) == [("2024-04-25", 100.5, None), ("2024-07-25", 102.0, None)]


def test_columns_of_new_and_revised_figures_are_vintages() -> None:
    rows: list[Json] = [
        {"date": "2024-01-01", "RDX_20240425": "100.5", "RDX_20240627": "101"},
        {"date": "2024-04-01", "RDX_20240725": "102"},
    ]
    found = read(answer(rows, output_type=3), Hints())
    assert set(found["series_key"]) == {"RDX.lin"}
    assert found["time_period"].to_list() == ["2024-01-01", "2024-01-01", "2024-04-01"]
    assert released(found) == [("2024-04-25", 100.5, None), ("2024-06-27", 101.0, None), ("2024-07-25", 102.0, None)]


def test_columns_of_all_figures_repeat_what_was_released_before() -> None:
    rows: list[Json] = [
        {"date": "2024-01-01", "RDX_20240425": "100.5", "RDX_20240627": "100.5", "RDX_20240725": "."},
        {"date": "2024-04-01", "RDX_20240425": ".", "RDX_20240627": ".", "RDX_20240725": "102"},
    ]
    found = read(answer(rows, output_type=2))
    assert found["time_period"].to_list() == ["2024-01-01"] * 3 + ["2024-04-01"]
    assert [value for _, value, _ in released(found)] == [100.5, 100.5, None, 102.0]
    assert {said for _, _, said in released(found)} == {"on or before"}


@pytest.mark.parametrize(
    ("days", "freq"),
    [
        (["2023-01-01", "2024-01-01"], "A"),
        (["2023-10-01", "2024-01-01", "2024-04-01"], "Q"),
        (["2023-12-01", "2024-01-01", "2024-02-01"], "M"),
        (["2023-07-01", "2024-01-01"], "S"),
    ],
)
def test_a_frequency_is_inferred_where_the_dates_leave_no_choice(days: list[str], freq: str) -> None:
    found = read(answer([row(day, "2024-04-25", "1") for day in days]), Hints())
    assert set(found["freq"]) == {freq}


@pytest.mark.parametrize(
    "days", [["2024-01-01"], ["2024-01-05", "2024-01-12"], ["2024-01-01", "2024-02-01", "2024-04-01"]]
)
def test_a_frequency_is_never_guessed(days: list[str]) -> None:
    found = read(answer([row(day, "2024-04-25", "1") for day in days]), Hints())
    assert set(found["freq"]) == {"D"}, "a bare day covers that day alone"


INFO = {
    "id": "RDX",
    "title": "Research Index",
    "frequency": "Quarterly",
    "frequency_short": "Q",
    "units": "Index 2017=100",
    "seasonal_adjustment_short": "SA",
    "notes": "An index of our own.",
}


def with_info(*listed: Json) -> Hints:
    return Hints(aside={"metadata": json.dumps(ALL_TIME | {"seriess": listed}).encode()})


def test_series_information_aside_gives_id_frequency_unit_adjustment_and_title() -> None:
    found = read(VINTAGES, with_info(INFO)).row(0, named=True)
    assert (found["series_key"], found["freq"], found["unit_measure"]) == ("RDX.lin", "Q", "Index 2017=100")
    assert (found["adjustment"], found["title"]) == ("SA", "Research Index")
    assert json.loads(found["series_attributes"]) == {"series_notes": "An index of our own."}


def test_information_on_another_series_is_refused() -> None:
    aside = with_info(INFO | {"id": "GDP"}).aside
    with pytest.raises(StructureChanged, match="GDP"):
        read(VINTAGES, Hints(labels=LABELS.labels, aside=aside))
    with pytest.raises(ResponseMalformed, match="2 series"):
        read(VINTAGES, with_info(INFO, INFO))


def test_a_series_that_nobody_names_is_unknown() -> None:
    assert set(read(VINTAGES, Hints())["series_key"]) == {"_U.lin"}


def test_an_answer_without_rows_has_no_observations() -> None:
    assert list(fred_json.read(answer([]), LABELS)) == []


@pytest.mark.parametrize(
    ("code", "error"), [(400, ProviderRefused), (403, ProviderRefused), (429, RateLimited), (503, ProviderUnavailable)]
)
def test_an_error_has_its_type(code: int, error: type[DatazonesError]) -> None:
    body = json.dumps({"error_code": code, "error_message": "Bad Request.  The series does not exist."}).encode()
    with pytest.raises(error, match=str(code)):
        read(body)


@pytest.mark.parametrize(
    "listed", [{"seriess": [INFO]}, {"vintage_dates": ["2024-04-25"]}, {"releases": []}, {"release_dates": []}]
)
def test_lists_have_no_observations(listed: Json) -> None:
    with pytest.raises(ResponseMalformed, match=next(iter(listed))):
        read(json.dumps(ALL_TIME | listed).encode())


ONE = row("2024-01-01", "2024-04-25", "100.5")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (answer([ONE | {"value": ".."}]), ResponseMalformed),
        (answer([ONE | {"value": "NaN"}]), ResponseMalformed),
        (answer([ONE | {"value": "1" * 400}]), ResponseMalformed),
        (answer([ONE | {"value": [1]}]), ResponseMalformed),
        (answer([ONE | {"date": "2024-02-30"}]), UnknownCode),
        (answer([ONE | {"date": None}]), ResponseMalformed),
        (answer([ONE | {"realtime_start": "now"}]), ResponseMalformed),
        (answer([ONE | {"realtime_start": "-0015-01-30"}]), ResponseMalformed),
        (answer([ONE, ONE]), ResponseMalformed),
        (answer([{"date": "2024-01-01", "value": "1"}]), ResponseMalformed),
        (answer([{"date": "2024-01-01", "RDX": "1"}], output_type=2), ResponseMalformed),
        (answer([{"date": "2024-01-01", "RDX_20240230": "1"}], output_type=2), ResponseMalformed),
        (answer([ONE], output_type=5), ResponseMalformed),
        (answer([ONE], limit=0), ResponseMalformed),
        (answer([ONE], count="many"), ResponseMalformed),
        (answer([ONE])[:-9], ResponseMalformed),
        (answer([ONE]).replace(b'"100.5"', b'"100.5", "value": "1"'), ResponseMalformed),
        (b"[]", ResponseMalformed),
        (b"{}", ResponseMalformed),
        (b"", ResponseMalformed),
        (b"<html><body>Under maintenance</body></html>", ResponseMalformed),
    ],
)
def test_bad_input_stops_the_reading_with_its_typed_error(body: bytes, error: type[DatazonesError]) -> None:
    with pytest.raises(error):
        tidy(conform(fred_json.read(body, LABELS), LABELS))


ASKED = Request("https://api.stlouisfed.org/fred/series/observations", (("series_id", "RDX"), ("limit", "2")))


def pages(**second: object) -> list[bytes]:
    rows = [row(f"2024-{month:02}-01", "2024-09-01", "1") for month in (1, 4, 7)]
    announced: Json = {"count": 3, "limit": 2}
    return [answer(rows[:2], **announced), answer(rows[2:], **(announced | {"offset": 2} | second))]


def test_after_the_first_page_the_other_offsets_are_asked() -> None:
    following = fred_json.following(ASKED, answer([ONE, ONE], count=5, limit=2))
    assert [dict(request.params)["offset"] for request in following] == ["2", "4"]
    assert fred_json.following(ASKED, answer([ONE])) == ()


def test_a_count_beyond_reason_is_not_believed() -> None:
    with pytest.raises(ResponseMalformed):
        fred_json.following(ASKED, answer([ONE], count=10**12, limit=1))


def test_pages_that_follow_one_another_are_whole_in_any_order() -> None:
    fred_json.whole(pages())
    fred_json.whole(pages()[::-1])
    fred_json.whole([answer([])])


@pytest.mark.parametrize("second", [{"count": 4}, {"offset": 1}, {"realtime_start": "2024-01-01"}, {"units": "pch"}])
def test_pages_of_two_states_of_the_series_have_shifted(second: Json) -> None:
    with pytest.raises(PagesShifted):
        fred_json.whole(pages(**second))


def test_a_missing_page_is_noticed() -> None:
    with pytest.raises(PagesShifted):
        fred_json.whole(pages()[:1])


def test_a_label_that_contradicts_the_columns_is_a_change_of_structure() -> None:
    rows: list[Json] = [{"date": "2024-01-01", "GDP_20240425": "1"}]
    with pytest.raises(StructureChanged, match="GDP"):
        read(answer(rows, output_type=3))
