"""Conforming: whatever a dialect read becomes exactly our schemas, or says why it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datazones.codes import UNKNOWN
from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from datazones.conforming import conform, tidy
from datazones.errors import DatazonesError, ResponseMalformed, StructureChanged, UnknownCode
from datazones.model import Cube, Hints

NOTHING_KNOWN = Hints()


def cube(
    columns: dict[str, list[object]],
    dimensions: tuple[str, ...] = ("freq", "geo"),
    series_attributes: tuple[str, ...] = (),
) -> Cube:
    return Cube(pl.DataFrame(columns, strict=False), dimensions, "EX", "FLOW", series_attributes)


def read(*cubes: Cube, hints: Hints = NOTHING_KNOWN, together: int = 0) -> pl.DataFrame:
    return tidy(conform(cubes, hints, together))


def attributes(frame: pl.DataFrame, name: str = "obs_attributes") -> list[object]:
    return [None if text is None else orjson.loads(text) for text in frame[name]]


def simple(**more: list[object]) -> Cube:
    """Three months of one area, with whatever else is said of them."""
    base: dict[str, list[object]] = {
        "freq": ["M"] * 3,
        "geo": ["FR"] * 3,
        "time_period": ["2024-01", "2024-02", "2024-03"],
        "obs_value": ["1.5", None, "-2e3"],
    }
    return cube(base | more)


def test_every_column_of_the_schemas_is_there_in_order_whatever_the_dialect_brings() -> None:
    (piece,) = conform([simple()], NOTHING_KNOWN)
    assert piece.observations.schema == OBSERVATION_SCHEMA
    assert piece.series.schema == SERIES_SCHEMA


def test_an_observation_has_its_key_its_period_and_its_figure_or_none() -> None:
    frame = read(simple(obs_status=["p", "", None]))
    assert frame["series_key"].to_list() == ["M.FR"] * 3
    assert frame["obs_value"].to_list() == [1.5, None, -2000.0]
    assert frame["obs_status"].to_list() == ["p", None, None]
    assert frame["period_start"].to_list() == [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]
    assert frame["period_end"][2] == date(2024, 4, 1)
    assert frame["dimensions"][0] == '{"freq":"M","geo":"FR"}'
    assert frame["action"].to_list() == ["replace"] * 3


def test_the_release_that_a_feed_says_holds_where_the_response_says_none() -> None:
    said = Hints(labels={"released_at": "2024-05-01"})
    assert read(simple(), hints=said)["released_at"].to_list() == [datetime(2024, 5, 1, tzinfo=UTC)] * 3
    own = replace(simple(), released_at=datetime(2024, 6, 1, tzinfo=UTC))
    assert read(own, hints=said)["released_at"].to_list() == [datetime(2024, 6, 1, tzinfo=UTC)] * 3
    with pytest.raises(ResponseMalformed, match="released_at"):
        read(simple(), hints=Hints(labels={"released_at": "soon"}))


def test_a_flow_without_time_has_the_period_that_is_not_applicable() -> None:
    frame = read(cube({"geo": ["FR", "DE"], "obs_value": ["1", "2"]}, ("geo",)))
    assert frame["time_period"].to_list() == ["_Z", "_Z"]
    assert frame["freq"].to_list() == ["N", "N"]


def test_an_observation_without_any_dimension_is_the_one_series_there_is() -> None:
    frame = read(cube({"time_period": ["2024"], "obs_value": ["1"]}, ()))
    assert frame.select("series_key", "dimensions").row(0) == ("_Z", "{}")


@pytest.mark.parametrize("empty", [0, 1])
def test_an_empty_answer_conforms_to_no_observations(empty: int) -> None:
    nothing = pl.DataFrame(schema={"geo": pl.String, "time_period": pl.String, "obs_value": pl.String})
    frame = read(*[Cube(nothing, ("geo",), "EX", "FLOW", ())] * empty)
    assert frame.height == 0
    assert set(frame.columns) == {*OBSERVATION_SCHEMA, *SERIES_SCHEMA}


def test_labels_fill_in_what_the_wire_format_leaves_out() -> None:
    bare = cube({"geo": ["FR"], "time_period": ["2024-01-01"], "obs_value": ["1"]}, ("freq", "geo"))
    frame = read(bare, hints=Hints(labels={"freq": "Q", "unit_measure": "EUR", "geo": "never", "survey": "LFS"}))
    assert frame.select("series_key", "freq", "unit_measure", "period_end").row(0) == (
        "Q.FR", "Q", "EUR", date(2024, 4, 1),
    )  # fmt: skip
    assert attributes(frame, "series_attributes") == [{"survey": "LFS"}]


def test_the_frequency_comes_from_the_periods_where_nobody_says_it() -> None:
    frame = read(cube({"geo": ["FR"] * 2, "time_period": ["2024-Q1", "2024-Q2"], "obs_value": ["1", "2"]}, ("geo",)))
    assert frame["freq"].to_list() == ["Q", "Q"]


def test_a_series_that_mixes_frequencies_has_none() -> None:
    frame = read(cube({"geo": ["FR"] * 2, "time_period": ["2024", "2024-01"], "obs_value": ["1", "2"]}, ("geo",)))
    assert frame["freq"].to_list() == [None, None]


def test_a_frequency_in_words_stays_in_the_dimensions_and_is_read_from_the_periods() -> None:
    frame = read(
        cube({"freq": ["Quarterly"], "geo": ["France"], "time_period": ["2024-Q1"], "obs_value": ["1"]}),
    )
    assert frame.select("series_key", "freq").row(0) == ("Quarterly.France", "Q")
    assert attributes(frame, "dimensions") == [{"freq": "Quarterly", "geo": "France"}]


def test_a_frequency_we_have_no_bounds_for_is_kept_as_published() -> None:
    frame = read(cube({"freq": ["B"], "geo": ["FR"], "time_period": ["2024-05-17"], "obs_value": ["1"]}))
    assert frame["freq"].to_list() == ["B"]


def test_the_attributes_of_an_observation_leave_out_what_is_not_said() -> None:
    frame = read(simple(note=["a", "", None], method=[None, None, 'x"\n\u2028é']))
    assert attributes(frame) == [{"note": "a"}, None, {"method": 'x"\n\u2028é'}]


def test_attributes_that_say_nothing_at_all_leave_no_object_behind() -> None:
    frame = read(simple(note=["", "", ""], method=[None, None, None]))
    assert attributes(frame) == [None, None, None]


def test_the_attributes_of_a_series_are_told_once() -> None:
    told = cube(
        {
            "geo": ["FR", "FR", "DE"],
            "time_period": ["2023", "2024", "2024"],
            "obs_value": ["1", "2", "3"],
            "source_agency": [None, "INSEE", ""],
        },
        ("geo",),
        ("source_agency",),
    )
    (piece,) = conform([told], NOTHING_KNOWN)
    assert attributes(piece.series, "series_attributes") == [{"source_agency": "INSEE"}, None]
    assert piece.observations["obs_attributes"].to_list() == [None, None, None]


def test_what_an_observation_says_differently_from_its_series_is_kept_beside_it() -> None:
    frame = read(
        Cube(
            simple(unit_mult=["6", "6.0", "3"], unit_measure=[None, "EUR", "USD"], survey=["a", None, "b"]).frame,
            ("freq", "geo"),
            "EX",
            "FLOW",
            ("survey",),
        )  # fmt: skip
    )
    assert frame["unit_mult"].to_list() == [6, 6, 6]
    assert frame["unit_measure"].to_list() == ["EUR"] * 3
    assert attributes(frame, "series_attributes") == [{"survey": "a"}] * 3
    assert attributes(frame) == [None, None, {"unit_measure": "USD", "unit_mult": "3", "survey": "b"}]


def test_a_later_piece_may_say_what_an_earlier_one_left_out() -> None:
    first = cube({"geo": ["FR"], "time_period": ["2023"], "obs_value": ["1"]}, ("geo",))
    later = cube({"geo": ["FR"], "time_period": ["2024"], "obs_value": ["2"], "unit_measure": ["EUR"]}, ("geo",))
    assert read(first, later)["unit_measure"].to_list() == ["EUR", "EUR"]


def test_the_series_come_once_with_the_last_piece() -> None:
    whole = simple()
    pieces = list(
        conform([replace_frame(whole, whole.frame[:1]), replace_frame(whole, whole.frame[1:])], NOTHING_KNOWN, 0)
    )
    assert [(piece.observations.height, piece.series.height) for piece in pieces] == [(1, 0), (2, 1)]


def test_a_release_of_its_own_tells_two_figures_of_one_period_apart() -> None:
    releases = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]
    frame = read(simple(time_period=["2024-01", "2024-01", "2024-02"], released_at=list[object](releases)))
    assert frame["released_at"].to_list() == releases


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_observation_that_comes_twice_is_refused_wherever_it_comes_again(cut: int) -> None:
    twice = simple(time_period=["2024-01", "2024-02", "2024-01"])
    pieces = [replace_frame(twice, twice.frame[:cut]), replace_frame(twice, twice.frame[cut:])]
    with pytest.raises(ResponseMalformed, match=r"M\.FR 2024-01-01: found 2 observations that share their key"):
        read(*pieces)


def test_one_period_written_in_two_ways_is_still_one_period() -> None:
    with pytest.raises(ResponseMalformed, match="share their key"):
        read(simple(time_period=["2024-01", "2024M01", "2024-02"]))


def test_a_year_and_its_first_month_are_two_periods() -> None:
    both = cube({"geo": ["FR"] * 2, "time_period": ["2024", "2024-01"], "obs_value": ["1", "2"]}, ("geo",))
    assert read(both).height == 2


def test_taking_an_observation_back_is_not_giving_it_twice() -> None:
    frame = read(simple(time_period=["2024-01", "2024-01", "2024-02"], action=["delete", "replace", "replace"]))
    assert frame["action"].to_list() == ["delete", "replace", "replace"]


@pytest.mark.parametrize("cut", [1, 2])
def test_two_series_that_would_share_a_key_are_refused(cut: int) -> None:
    both = cube(
        {"a": ["x.y", "x"], "b": ["z", "y.z"], "time_period": ["2023", "2024"], "obs_value": ["1", "2"]}, ("a", "b")
    )
    with pytest.raises(StructureChanged, match=r"'x\.y\.z'"):
        read(replace_frame(both, both.frame[:cut]), replace_frame(both, both.frame[cut:]))


@pytest.mark.parametrize(
    "figure",
    [
        "",
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "1e400",
        "1e-400",
        "1,234",
        ":",
        "..",
        "-",
        " 1",
        "1_0",
        "9" * 400,
        "0" * 41,
        "１",
    ],
)
def test_a_figure_that_is_no_finite_decimal_is_refused_with_its_place(figure: str) -> None:
    with pytest.raises(ResponseMalformed, match=r"M\.FR 2024-02"):
        read(simple(obs_value=["1", figure, "2"]))


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_refused_although_it_is_a_number(figure: float) -> None:
    with pytest.raises(ResponseMalformed, match=r"M\.FR 2024-02"):
        read(simple(obs_value=[1.0, figure, None]))


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_figure_is_the_double_it_was_written_from(figure: float) -> None:
    frame = read(simple(obs_value=[repr(figure), "0", "0.0e5"]))
    assert repr(frame["obs_value"][0]) == repr(figure)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"unit_mult": ["6", "x", "6"]}, UnknownCode),
        ({"unit_mult": ["6", "1.5", "6"]}, UnknownCode),
        ({"decimals": ["99999", "1", "1"]}, UnknownCode),
        ({"decimals": ["nan", "1", "1"]}, UnknownCode),
        ({"time_period": ["2024-01", "2024-13", "2024-02"]}, UnknownCode),
        ({"time_period": ["2024-01", "", "2024-02"]}, UnknownCode),
        ({"time_period": ["2024-01", None, "2024-02"]}, ResponseMalformed),
        ({"geo": ["FR", None, "FR"]}, ResponseMalformed),
        ({"geo": ["FR", "", "FR"]}, ResponseMalformed),
        ({"series_key": ["a", "b", "c"]}, StructureChanged),
    ],
)
def test_what_cannot_be_kept_as_it_is_stops_the_reading(
    more: dict[str, list[object]], error: type[DatazonesError]
) -> None:
    with pytest.raises(error):
        read(simple(**more))


@pytest.mark.parametrize("missing", ["geo", "obs_value"])
def test_a_column_that_is_missing_is_named(missing: str) -> None:
    with pytest.raises(StructureChanged, match=f"also \\['{missing}'\\]"):
        read(replace_frame(simple(), simple().frame.drop(missing)))


def test_two_flows_in_one_answer_are_told_apart_by_what_differs() -> None:
    one, other = simple(), simple(time_period=["2025-01", "2025-02", "2025-03"])
    frame = read(one, Cube(other.frame, other.dimensions, UNKNOWN, "FLOW"))
    assert frame["agency_id"].to_list() == ["EX"] * 6
    assert attributes(frame) == [None] * 3 + [{"agency_id": UNKNOWN}] * 3


def replace_frame(old: Cube, frame: pl.DataFrame) -> Cube:
    return Cube(frame, old.dimensions, old.agency_id, old.dataflow_id, old.series_attributes)


words = st.sampled_from([None, "", "a", "b"])
rows = st.tuples(
    st.sampled_from(["FR", "DE", "x.y"]),
    st.integers(2000, 2012),
    words,
    words,
    words,
    st.sampled_from(["0", "3", None]),
)


@settings(deadline=None)
@given(
    st.lists(rows, max_size=24, unique_by=lambda row: row[:2]),
    st.lists(st.integers(0, 24), max_size=4),
    st.booleans(),
    st.sampled_from([0, 5, 100]),
)
def test_the_result_does_not_depend_on_where_the_pieces_are_cut_or_put_together(
    given_rows: list[tuple[object, ...]], cuts: list[int], monthly_too: bool, together: int
) -> None:
    whole = _drawn(given_rows, monthly_too)
    edges = [0, *sorted(cuts), whole.frame.height]
    pieces = [replace_frame(whole, whole.frame[low:high]) for low, high in zip(edges, edges[1:], strict=False)]
    assert read(*pieces, together=together).equals(read(whole))


def _drawn(given_rows: list[tuple[object, ...]], monthly_too: bool) -> Cube:
    names = ("geo", "time_period", "unit_measure", "note", "survey", "unit_mult")
    frame = pl.DataFrame(given_rows, schema=dict.fromkeys(names, pl.String) | {"time_period": pl.Int64}, orient="row")
    period = pl.col("time_period").cast(pl.String)
    month = pl.when(pl.col("time_period") % 3 == 0).then(period + "-01").otherwise(period) if monthly_too else period
    frame = frame.with_columns(month.alias("time_period"), pl.lit("1").alias("obs_value"))
    return Cube(frame, ("geo",), "EX", "FLOW", ("survey",))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(2000, 2004)), min_size=1, max_size=8), st.integers(0, 8))
def test_a_duplicate_is_found_exactly_when_there_is_one(keys: list[tuple[str, int]], cut: int) -> None:
    frame = pl.DataFrame(
        {"geo": [k[0] for k in keys], "time_period": [str(k[1]) for k in keys], "obs_value": ["1"] * len(keys)}
    )
    pieces = (Cube(part, ("geo",), "EX", "FLOW") for part in (frame[:cut], frame[cut:]))
    assert _refused(pieces) == (len(set(keys)) < len(keys))


def _refused(pieces: Iterator[Cube]) -> bool:
    try:
        tidy(conform(pieces, NOTHING_KNOWN, together=0))
    except ResponseMalformed:
        return True
    return False


def _by_period(areas: int, periods: int) -> Cube:
    """Every area in one year, then every area in the next: no two rows in a row are of one series."""
    keys = [(f"A{area}", str(2000 + nth)) for nth in range(periods) for area in range(areas)]
    frame = pl.DataFrame(keys, schema=["geo", "time_period"], orient="row")
    unit = pl.when(pl.col("geo") == "A7").then(pl.lit("EUR")).otherwise(pl.lit("USD"))
    return Cube(frame.with_columns(unit.alias("unit_measure"), pl.lit("1").alias("obs_value")), ("geo",), "EX", "FLOW")


def test_the_order_of_rows_changes_nothing_but_the_order_of_observations() -> None:
    scattered = _by_period(600, 3)
    in_runs = replace_frame(scattered, scattered.frame.sort("geo", maintain_order=True))
    key = ["series_key", "time_period"]
    assert read(scattered).sort(key).equals(read(in_runs).sort(key))
    assert read(scattered).filter(series_key="A7")["unit_measure"].to_list() == ["EUR"] * 3


def test_a_duplicate_is_found_among_rows_in_any_order() -> None:
    scattered = _by_period(600, 3)
    with pytest.raises(ResponseMalformed, match="A7 2001-01-01: found 2 observations"):
        read(
            replace_frame(scattered, pl.concat([scattered.frame, scattered.frame.filter(geo="A7", time_period="2001")]))
        )


def test_a_day_stands_for_the_period_that_the_frequency_of_its_row_makes_of_it() -> None:
    frame = read(
        cube({"freq": ["Q", "D", "Z", "A"], "geo": ["FR"] * 4, "time_period": ["2024-01-01"] * 4, "obs_value": [1] * 4})
    )
    assert frame["period_end"].to_list() == [date(2024, 4, 1), date(2024, 1, 2), date(2024, 1, 2), date(2025, 1, 1)]


def test_a_text_that_is_a_quarter_in_one_row_and_a_year_in_another_is_both() -> None:
    mixed = {
        "freq": ["Q", "A", "Q"],
        "geo": ["CN"] * 3,
        "time_period": ["2023A", "2023A", "2023B"],
        "obs_value": [1] * 3,
    }
    assert read(cube(mixed))["period_end"].to_list() == [date(2023, 4, 1), date(2024, 1, 1), date(2023, 7, 1)]


def test_an_attribute_without_a_name_keeps_what_it_says() -> None:
    frame = read(replace_frame(simple(), simple().frame.with_columns(pl.lit("x").alias(""))))
    assert attributes(frame) == [{"": "x"}] * 3
