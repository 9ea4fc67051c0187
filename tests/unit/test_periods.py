"""Periods as providers write them, and the days they cover."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datazones.codes import Freq
from datazones.errors import UnknownCode
from datazones.periods import NO_TIME, Period, period, table, tiles, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", Period(Freq.A, date(2024, 1, 1), date(2025, 1, 1))),
        ("2024-A1", Period(Freq.A, date(2024, 1, 1), date(2025, 1, 1))),
        ("2024-S2", Period(Freq.S, date(2024, 7, 1), date(2025, 1, 1))),
        ("2024-B1", Period(Freq.S, date(2024, 1, 1), date(2024, 7, 1))),
        ("2024H2", Period(Freq.S, date(2024, 7, 1), date(2025, 1, 1))),
        ("2024K3", Period(Freq.Q, date(2024, 7, 1), date(2024, 10, 1))),
        ("2024U07", Period(Freq.W, date(2024, 2, 12), date(2024, 2, 19))),
        ("2024-D060", Period(Freq.D, date(2024, 2, 29), date(2024, 3, 1))),
        ("2024-T3", Period(Freq.T, date(2024, 9, 1), date(2025, 1, 1))),
        ("2024-Q4", Period(Freq.Q, date(2024, 10, 1), date(2025, 1, 1))),
        ("2024Q1", Period(Freq.Q, date(2024, 1, 1), date(2024, 4, 1))),
        ("2024-12", Period(Freq.M, date(2024, 12, 1), date(2025, 1, 1))),
        ("2024M5", Period(Freq.M, date(2024, 5, 1), date(2024, 6, 1))),
        ("2024-M05", Period(Freq.M, date(2024, 5, 1), date(2024, 6, 1))),
        ("202405", Period(Freq.M, date(2024, 5, 1), date(2024, 6, 1))),
        ("2020-W53", Period(Freq.W, date(2020, 12, 28), date(2021, 1, 4))),
        ("2024-02-29", Period(Freq.D, date(2024, 2, 29), date(2024, 3, 1))),
        ("20240229", Period(Freq.D, date(2024, 2, 29), date(2024, 3, 1))),
        ("2024-02-29T00:00:00", Period(Freq.D, date(2024, 2, 29), date(2024, 3, 1))),
        ("2024-01-15/P2M", Period(Freq.N, date(2024, 1, 15), date(2024, 3, 15))),
        ("2024-01-15/P10D", Period(Freq.N, date(2024, 1, 15), date(2024, 1, 25))),
        (NO_TIME, Period(Freq.N, date.min, date.max)),
    ],
)
def test_a_period_covers_its_days_from_the_first_to_the_day_after_the_last(text: str, expected: Period) -> None:
    assert period(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " 2024", "2024 ", "24", "2024-13", "2024-00", "2024-Q5", "2024-S3", "2023-W53", "2023-02-29", "0000", "9999"]
    + ["2024-1-1", "17/05/2024", "2024-05-17T12:00:00", "2024年", "YR2024", "2024-01-31/P1M", "2024-01-15/P0D"]
    + ["2024-01-15/P999999999999D", "..", "latest", "2023B", "2023-D366", "2023-D000", "2023H3", "2023K5"],
)
def test_what_is_no_period_is_never_guessed(text: str) -> None:
    with pytest.raises(UnknownCode):
        period(text)


@pytest.mark.parametrize(
    ("freq", "end"),
    [
        (Freq.A, date(2025, 1, 1)),
        (Freq.Q, date(2024, 4, 1)),
        (Freq.M, date(2024, 2, 1)),
        (Freq.W, date(2024, 1, 8)),
        (Freq.D, date(2024, 1, 2)),
    ],
)
def test_a_first_day_stands_for_the_period_of_its_frequency(freq: Freq, end: date) -> None:
    assert period("2024-01-01", freq) == Period(freq, date(2024, 1, 1), end)


def test_a_letter_is_a_quarter_only_where_the_frequency_says_so() -> None:
    assert period("2023A", Freq.Q) == period("2023-Q1")
    assert period("2023A") == period("2023")


@given(st.dates(date(1, 1, 1), date(9998, 12, 31)))
def test_every_day_is_covered_by_its_month_its_quarter_its_year_and_itself(day: date) -> None:
    quarter = (day.month - 1) // 3 + 1
    year = f"{day.year:04}"
    for text in (day.isoformat(), f"{year}-{day.month:02}", f"{year}-Q{quarter}", year):
        found = period(text)
        assert found.start <= day < found.end


@given(st.integers(1, 9997), st.integers(1, 12))
def test_months_follow_one_another_without_a_gap(year: int, month: int) -> None:
    this = period(f"{year:04}-{month:02}")
    assert period(f"{this.end:%Y-%m}".rjust(7, "0")).start == this.end


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_week_has_seven_days_from_its_monday(day: date) -> None:
    iso = day.isocalendar()
    found = period(f"{iso.year}-W{iso.week:02}")
    assert found.start.weekday() == 0
    assert found.end - found.start == timedelta(days=7)
    assert found.start <= day < found.end


def test_a_table_has_a_row_for_every_text_in_order() -> None:
    frame = table(["2024-Q1", "2024"])
    assert frame.columns == ["time_period", "period_freq", "period_start", "period_end"]
    assert frame["period_freq"].to_list() == ["Q", "A"]
    assert table([]).schema == frame.schema


@given(
    st.sampled_from([Freq.A, Freq.S, Freq.Q, Freq.M, Freq.W, Freq.D]),
    st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    st.integers(0, 800),
)
def test_tiles_cover_every_day_once_and_are_written_as_they_are_read(freq: Freq, first: date, days: int) -> None:
    last = first + timedelta(days=days)
    found = tiles(first, last, freq).rows()
    assert found[0][1] <= first
    assert found[-1][1] <= last < found[-1][2]
    assert all(before[2] == after[1] for before, after in zip(found, found[1:], strict=False))
    assert all(period(text) == Period(freq, start, end) for text, start, end in found)
    assert written(first, freq) == found[0][0]
