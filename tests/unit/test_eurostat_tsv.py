"""Eurostat's wide tables: what is read from figures, flags and headers, and what stops the reading."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import eurostat_tsv, recognise
from datazones.errors import DatazonesError, ResponseMalformed, UnknownCode
from datazones.model import Hints

NEW = "freq,unit,na_item,geo\\TIME_PERIOD\t2022 \t2023 "
OLD = "unit,geo\\time\t2014 \t2013 "
NOTIFIED = "country,revision_cause,deficit_2010,deficit_2011,debt_2010,debt_2011"


def table(header: str, *rows: str, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in (header, *rows)).encode()


def read(body: bytes, hints: Hints | None = None) -> pl.DataFrame:
    assert recognise(body) == "eurostat_tsv"
    hints = hints or Hints(dataflow_id="nama_10_gdp")
    return tidy(conform(eurostat_tsv.read(body, hints), hints))


def cell(text: str) -> list[tuple[float | None, str | None, str | None]]:
    """What is read from one cell."""
    frame = read(table("freq,geo\\TIME_PERIOD\t2022 ", f"A,DE\t{text}"))
    return frame.select("obs_value", "obs_status", "conf_status").rows()


def test_a_row_is_a_series_and_a_column_a_period() -> None:
    frame = read(table(NEW, "A,CP_MEUR,B1GQ,DE\t3989390.0 p\t4185550 ", "A,CP_MEUR,B1GQ,FR\t2655435 \t2822455.5 e"))
    assert frame.select("series_key", "time_period", "obs_value", "obs_status").rows() == [
        ("A.CP_MEUR.B1GQ.DE", "2022", 3989390.0, "p"),
        ("A.CP_MEUR.B1GQ.DE", "2023", 4185550.0, None),
        ("A.CP_MEUR.B1GQ.FR", "2022", 2655435.0, None),
        ("A.CP_MEUR.B1GQ.FR", "2023", 2822455.5, "e"),
    ]


def test_the_dimensions_stand_in_the_order_of_the_header_and_area_and_unit_beside_them() -> None:
    row = read(table(NEW, "A,CP_MEUR,B1GQ,DE\t1 \t2 ")).row(0, named=True)
    assert json.loads(row["dimensions"]) == {"freq": "A", "unit": "CP_MEUR", "na_item": "B1GQ", "geo": "DE"}
    assert (row["freq"], row["ref_area"], row["unit_measure"]) == ("A", "DE", "CP_MEUR")
    assert (row["agency_id"], row["dataflow_id"]) == ("ESTAT", "nama_10_gdp")


def test_the_seasonal_adjustment_of_a_series_is_its_adjustment() -> None:
    row = read(table("freq,s_adj,geo\\TIME_PERIOD\t2022-Q1 ", "Q,SCA,DE\t1 ")).row(0, named=True)
    assert (row["series_key"], row["adjustment"]) == ("Q.SCA.DE", "SCA")


@pytest.mark.parametrize("text", [": ", ":", "", " ", ":  "])
def test_a_missing_cell_without_a_flag_is_no_observation(text: str) -> None:
    assert cell(text) == []


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("12.5 ", (12.5, None, None)),
        ("12.5", (12.5, None, None)),
        ("0 n", (0.0, "n", None)),
        ("-3.1 b", (-3.1, "b", None)),
        ("66.5 bd", (66.5, "bd", None)),
        ("1 bdep", (1.0, "bdep", None)),
        ("2.5e3 p", (2500.0, "p", None)),
        (": c", (None, "c", None)),
        (":c", (None, "c", None)),
        (": u", (None, "u", None)),
        (": @C", (None, "@C", "C")),
        ("7 b@N", (7.0, "b@N", "N")),
    ],
)
def test_figure_flags_and_confidentiality_are_told_apart(
    text: str, read_as: tuple[float | None, str | None, str | None]
) -> None:
    assert cell(text) == [read_as]


def test_a_table_from_before_2022_gets_its_frequency_from_its_periods_and_keeps_their_order() -> None:
    frame = read(table(OLD, "MIO_EUR,AT\t329295.6 \t322878.3 ", end="\n"))
    assert frame.select("series_key", "time_period").rows() == [("A.MIO_EUR.AT", "2014"), ("A.MIO_EUR.AT", "2013")]


def test_years_quarters_and_months_of_one_table_are_different_series() -> None:
    frame = read(table("geo\\time\t2014M05 \t2014Q1 \t2014 ", "AT\t1 \t2 \t3 "))
    assert frame.select("series_key", "time_period", "period_start", "period_end").rows() == [
        ("M.AT", "2014M05", date(2014, 5, 1), date(2014, 6, 1)),
        ("Q.AT", "2014Q1", date(2014, 1, 1), date(2014, 4, 1)),
        ("A.AT", "2014", date(2014, 1, 1), date(2015, 1, 1)),
    ]


def test_a_pivot_has_its_periods_in_the_rows_and_an_area_in_each_column() -> None:
    frame = read(table("unit,time\\geo\tBE \tBG ", "PC,2013\t1.5 \t: ", "PC,2014\t1.6 b\t0 "))
    assert frame.select("series_key", "time_period", "obs_value", "obs_status", "ref_area").rows() == [
        ("A.PC.BE", "2013", 1.5, None, "BE"),
        ("A.PC.BE", "2014", 1.6, "b", "BE"),
        ("A.PC.BG", "2014", 0.0, None, "BG"),
    ]


def test_a_table_saved_again_with_commas_reads_the_same() -> None:
    plain = table(NEW, "A,CP_MEUR,B1GQ,DE\t3989390.0 p\t: ")
    quoted = table('"freq,unit,na_item,geo\\TIME_PERIOD",2022 ,2023 ', '"A,CP_MEUR,B1GQ,DE",3989390.0 p,: ', end="\n")
    assert read(quoted).equals(read(plain))


def test_one_dimension_alone_may_be_saved_with_commas_and_no_quotes() -> None:
    assert read(table("geo\\time,2014 ", "AT,1.5 b"))["series_key"].to_list() == ["A.AT"]


def test_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    rows = ("A,CP_MEUR,B1GQ,DE\t3989390.0 p\t: ", "A,CP_MEUR,B1GQ,FR\t1 \t2 b")
    expected = read(table(NEW, *rows))
    assert read(table(NEW, *rows, end="\n")).equals(expected)
    assert read(table(NEW, *rows)[:-2]).equals(expected)
    assert read(b"\xef\xbb\xbf" + table(NEW, *rows)).equals(expected)


def test_a_gzip_body_that_does_not_say_so_is_read_whole_over_all_its_members() -> None:
    body = table(NEW, "A,CP_MEUR,B1GQ,DE\t3989390.0 p\t: ")
    assert read(gzip.compress(body)).equals(read(body))
    assert read(gzip.compress(body[:50]) + gzip.compress(body[50:])).equals(read(body))


def test_a_table_without_rows_or_figures_is_no_error() -> None:
    assert read(table(NEW)).height == 0
    assert read(table(NEW, "A,CP_MEUR,B1GQ,DE\t: \t: ")).height == 0


def test_a_large_table_comes_in_pieces_that_together_are_the_whole() -> None:
    months = [f"{year}-{month:02}" for year in range(2001, 2021) for month in range(1, 13)]
    cells = [[f"{nth}.{at} {'b' if at % 7 == 0 else ''}" for at in range(240)] for nth in range(2000)]
    rows = [f"M,X{nth}\t" + "\t".join(row) for nth, row in enumerate(cells)]
    body = table("freq,geo\\TIME_PERIOD\t" + "\t".join(f"{month} " for month in months), *rows)
    cubes = list(eurostat_tsv.read(body, Hints()))
    assert len(cubes) > 1
    whole = pl.concat([cube.frame for cube in cubes])
    assert whole["obs_value"].to_list() == [f"{nth}.{at}" for nth in range(2000) for at in range(240)]
    assert whole["geo"].to_list() == [f"X{nth}" for nth in range(2000) for _ in range(240)]
    assert whole["obs_status"].to_list() == ["b" if at % 7 == 0 else None for _ in range(2000) for at in range(240)]


def test_a_notification_has_a_series_for_each_country_cause_and_item() -> None:
    frame = read(table(NOTIFIED, "Belgium,Revision in ratios,0.1,0.0,-0.2,1.0", "Czech,- due to GDP,0.0,,0.3,0.2"))
    assert frame.select("series_key", "time_period", "obs_value").rows()[:4] == [
        ("A.Belgium.Revision in ratios.deficit", "2010", 0.1),
        ("A.Belgium.Revision in ratios.deficit", "2011", 0.0),
        ("A.Belgium.Revision in ratios.debt", "2010", -0.2),
        ("A.Belgium.Revision in ratios.debt", "2011", 1.0),
    ]
    assert frame.height == 7
    assert frame["ref_area"].unique(maintain_order=True).to_list() == ["Belgium", "Czech"]


def test_the_day_of_release_that_no_table_says_comes_from_the_feed() -> None:
    released = Hints(labels={"released_at": "2013-04-22"})
    frame = read(table(NOTIFIED, "Belgium,Revision in ratios,0.1,0.0,-0.2,1.0"), released)
    assert frame["released_at"].to_list() == [datetime(2013, 4, 22, tzinfo=UTC)] * 4
    assert read(table(NOTIFIED, "Belgium,Revision in ratios,0.1,0.0,-0.2,1.0"))["released_at"].null_count() == 4


BOMB = gzip.compress(bytes(65 << 20))
GOOD = table(NEW, "A,CP_MEUR,B1GQ,DE\t1 \t2 ")


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\t1 234 \t2 "), ResponseMalformed, "1 234", id="parted thousands"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\t12.3b\t2 "), ResponseMalformed, "12.3b", id="flag without a space"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\t: 12\t2 "), ResponseMalformed, ": 12", id="missing and a figure"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\tb\t2 "), ResponseMalformed, "'b'", id="flag without a figure"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\tNaN\t2 "), ResponseMalformed, "NaN", id="not a number"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\t-inf \t2 "), ResponseMalformed, "-inf", id="infinity"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\t1e400 \t2 "), ResponseMalformed, "1e400", id="past double"),
        pytest.param(table(NEW, f"A,CP_MEUR,B1GQ,DE\t{'9' * 400} \t2 "), ResponseMalformed, "999", id="400 digits"),
        pytest.param(table(NEW, "A,CP_MEUR,DE\t1 \t2 "), ResponseMalformed, "A,CP_MEUR,DE", id="too few codes"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE,X\t1 \t2 "), ResponseMalformed, "DE,X", id="too many codes"),
        pytest.param(table(NEW, "A,,B1GQ,DE\t1 \t2 "), ResponseMalformed, "no code in unit", id="empty code"),
        pytest.param(GOOD + b"A,CP_MEUR,B1GQ,FR\t1 \r\n", ResponseMalformed, "separators", id="short row"),
        pytest.param(table(NEW, "A,CP_MEUR,B1GQ,DE\t1 \t2 \t3 "), ResponseMalformed, "CSV", id="long row"),
        pytest.param(table("geo\\time\t2014 \t2014", "AT\t1 \t2 "), ResponseMalformed, "twice", id="period twice"),
        pytest.param(table("geo,geo\\time\t2014 ", "AT,AT\t1 "), ResponseMalformed, "twice", id="dimension twice"),
        pytest.param(table("geo,time\\time\t2014 ", "AT,2014\t1 "), ResponseMalformed, "twice", id="time twice"),
        pytest.param(
            table("geo\\time\t2014 ", "AT\t1 ", "AT\t2 "), ResponseMalformed, "share their key", id="row twice"
        ),
        pytest.param(table("geo\\time\tsoon ", "AT\t1 "), UnknownCode, "soon", id="no period"),
        pytest.param(gzip.compress(GOOD)[:-9], ResponseMalformed, "breaks off", id="gzip cut"),
        pytest.param(gzip.compress(GOOD)[:10] + b"\xff" * 60, ResponseMalformed, "broken gzip", id="gzip broken"),
        pytest.param(gzip.compress(GOOD) + b"more", ResponseMalformed, "after the end", id="gzip and more"),
        pytest.param(BOMB, ResponseMalformed, "beyond reason", id="gzip bomb"),
        pytest.param("geo\\time\t2014 \nÅland\t1 ".encode("latin-1"), ResponseMalformed, "not UTF-8", id="Latin-1"),
        pytest.param(b"<!DOCTYPE html><html>\n</html>", ResponseMalformed, "backslash", id="web page"),
        pytest.param(
            b'"title"\t"code"\t"type"\n"Databases"\t"data"\t"folder"\n', ResponseMalformed, "backslash", id="catalogue"
        ),
        pytest.param(b"", ResponseMalformed, "no header", id="empty"),
    ],
)
def test_what_cannot_be_read_without_losing_something_stops_the_reading(
    body: bytes, error: type[DatazonesError], said: str
) -> None:
    with pytest.raises(error, match=said):
        list(conform(eurostat_tsv.read(body, Hints()), Hints()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'"title"\t"code"\t"type"\n',
        b"DATAFLOW,LAST UPDATE,freq,geo,TIME_PERIOD,OBS_VALUE\n",
        b"<html>C:\\time\t</html>",
        b"country,code\n",
        b"\x1f\x8b not gzip",
        gzip.compress(b"DATAFLOW,freq,geo\n", mtime=0),
    ],
)
def test_other_bytes_are_not_recognised(body: bytes) -> None:
    assert not eurostat_tsv.recognises(body)
