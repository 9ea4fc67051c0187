"""The World Economic Outlook's text files: encodings, cut rows, thousands, and what stops the reading."""

from __future__ import annotations

import json

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import imf_weo
from datazones.errors import DatazonesError, ResponseMalformed, UnknownCode
from datazones.model import Hints

COUNTRIES = (
    "WEO Country Code\tISO\tWEO Subject Code\tCountry\tSubject Descriptor\tSubject Notes\tUnits\tScale\t"
    "Country/Series-specific Notes\t2022\t2023\t2024\tEstimates Start After\n"
    '716\tSTP\tNGDPD\tSão Tomé\t"Gross domestic product, current prices"\tA note\tU.S. dollars\tBillions\t'
    '"Source: the bank, ""revised"""\t"1,234.50"\tn/a\t0.5\t2022\n'
    "716\tSTP\tPCPIPCH\tSão Tomé\tInflation\t\tPercent change\t\t\t--\t-12.25\n"
    "716\tSTP\tLP\tSão Tomé\tPopulation\t\tPersons\tMillions\n"
    "\n"
    '"International Monetary Fund, World Economic Outlook Database, April 2024"\t\t\t\n'
)
GROUPS = (
    "WEO Country Group Code\tWEO Subject Code\tCountry Group Name\tSubject Descriptor\tSubject Notes\tUnits\tScale\t"
    "Series-specific Notes\t2022\tEstimates Start After\n"
    "1\tNGDP_RPCH\tWorld\tGrowth\t\tPercent\t\t\t3.5\t\n"
)


def read(body: bytes) -> pl.DataFrame:
    assert imf_weo.recognises(body)
    return tidy(conform(imf_weo.read(body, Hints()), Hints()))


def test_every_figure_is_an_observation_and_no_missing_mark_is() -> None:
    found = read(COUNTRIES.encode("latin-1"))
    assert found.select("series_key", "time_period", "obs_value").rows() == [
        ("A.716.NGDPD", "2022", 1234.5),
        ("A.716.NGDPD", "2024", 0.5),
        ("A.716.PCPIPCH", "2023", -12.25),
    ]


def test_a_series_keeps_its_unit_scale_notes_and_the_year_after_which_estimates_start() -> None:
    found = read(COUNTRIES.encode("latin-1")).row(0, named=True)
    assert (found["ref_area"], found["unit_measure"], found["unit_mult"]) == ("STP", "U.S. dollars", 9)
    assert found["title"] == "Gross domestic product, current prices"
    assert (found["agency_id"], found["dataflow_id"], found["freq"]) == ("IMF", "WEO", "A")
    attributes = json.loads(found["series_attributes"])
    assert attributes["estimates_start_after"] == "2022"
    assert attributes["series_notes"] == 'Source: the bank, "revised"'
    assert attributes["edition"].endswith("April 2024")


def test_no_flag_is_invented_for_estimates() -> None:
    assert read(COUNTRIES.encode("latin-1"))["obs_status"].null_count() == 3


def test_a_series_without_scale_has_no_multiplier() -> None:
    assert read(COUNTRIES.encode("latin-1")).filter(series_key="A.716.PCPIPCH")["unit_mult"].to_list() == [None]


def test_groups_are_their_own_reference_area() -> None:
    found = read(GROUPS.encode()).row(0, named=True)
    assert (found["series_key"], found["ref_area"]) == ("A.1.NGDP_RPCH", "1")
    assert json.loads(found["dimensions"])["weo_country_group_code"] == "1"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_encoding_and_line_end_gives_the_same_observations(encoding: str, line_end: str) -> None:
    found = read(COUNTRIES.replace("\n", line_end).encode(encoding))
    assert found.equals(read(COUNTRIES.encode("utf-8")))


def test_a_table_without_rows_has_no_observations() -> None:
    assert read(GROUPS.partition("\n")[0].encode()).height == 0
    assert read(GROUPS.replace("\t2022", "").replace("\t3.5", "").encode()).height == 0


def changed(found: str, other: str) -> bytes:
    assert found in COUNTRIES
    return COUNTRIES.replace(found, other).encode()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (changed('"1,234.50"', '"12,34.50"'), ResponseMalformed),
        (changed('"1,234.50"', "1234.5 p"), ResponseMalformed),
        (changed("-12.25", "NaN"), ResponseMalformed),
        (changed("-12.25", "inf"), ResponseMalformed),
        (changed("-12.25", "1" * 400), ResponseMalformed),
        (changed("0.5\t2022", "0.5\t2022\t7"), ResponseMalformed),
        (changed("Billions", "Dozens"), UnknownCode),
        (changed("PCPIPCH", "NGDPD").replace(b"--", b"7"), ResponseMalformed),
        (changed("PCPIPCH", ""), ResponseMalformed),
        (changed("\t2023\t", "\t2022\t"), ResponseMalformed),
        (changed("\t2023\t", "\tQuality\t"), ResponseMalformed),
        (changed("WEO Subject Code", "Subject"), ResponseMalformed),
        (changed("ISO", "WEO Country Group Code"), ResponseMalformed),
        (changed('"Gross', '"Gross"'), ResponseMalformed),
        (changed('prices"', "prices"), ResponseMalformed),
        (COUNTRIES.encode("utf-16")[:-1], ResponseMalformed),
        (b"", ResponseMalformed),
        (b"<html><body>Under maintenance</body></html>", ResponseMalformed),
    ],
)
def test_bad_input_stops_the_reading_with_its_typed_error(body: bytes, error: type[DatazonesError]) -> None:
    with pytest.raises(error):
        tidy(conform(imf_weo.read(body, Hints()), Hints()))


def test_a_figure_in_the_last_line_is_never_taken_for_the_edition() -> None:
    with pytest.raises(ResponseMalformed):
        read(changed('2024"\t\t\t', '2024"\t\t\t\t\t\t\t\t\t7'))


def test_other_tables_with_tabs_are_not_taken_for_it() -> None:
    assert not imf_weo.recognises(b"freq,unit,geo\\TIME_PERIOD\t2022 \t2023 \r\n")
    assert not imf_weo.recognises(b"Country Code\tISO\n")
