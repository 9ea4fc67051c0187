"""The BIS's tables by column, in today's shape and the one before, and what stops the reading."""

from __future__ import annotations

import json

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import bis_csv
from datazones.errors import DatazonesError, ResponseMalformed, UnknownCode
from datazones.model import Hints
from tests.packing import zipped

TODAY = (
    b'"FREQ","Frequency","REF_AREA","Reference area","UNIT_MEASURE","Unit of measure","UNIT_MULT","Unit Multiplier",'
    b'"COMPILATION","DECIMALS","Decimals","TITLE_TS","Series","2024-01","2024-01-01","2024-01-02"\n'
    b'"D","Daily","XA","Area A","368","Per cent per year","0","Units","Until 2001, the ""old"" rate","2","Two",'
    b'"Policy rate, A","D:XA","","5.25","NaN"\n'
    b'"M","Monthly","XA","Area A","368","Per cent per year","0","Units","","2","Two","","M:XA","5.50","",""\n'
)
BEFORE = (
    b'Dataset,"BIS Effective Exchange Rates"\nRetrieved on,Tue Nov 17 08:41:20 GMT 2015\n"Frequency","Monthly"\n'
    b'"Frequency","Type","Reference area","Time Period","2015-01","2015-02"\n'
    b'"M:Monthly","N:Nominal: broad","XA:Area A","M:N:XA","92.53",""\n'
)


def read(body: bytes, hints: Hints | None = None) -> pl.DataFrame:
    assert bis_csv.recognises(body)
    return tidy(conform(bis_csv.read(body, hints or Hints()), hints or Hints()))


def test_every_figure_of_every_frequency_is_an_observation_and_no_missing_mark_is() -> None:
    assert read(TODAY).select("series_key", "time_period", "obs_value").rows() == [
        ("D.XA", "2024-01-01", 5.25),
        ("M.XA", "2024-01", 5.5),
    ]


def test_the_series_key_says_which_codes_are_dimensions_and_which_are_attributes() -> None:
    found = read(TODAY).row(0, named=True)
    assert json.loads(found["dimensions"]) == {"freq": "D", "ref_area": "XA"}
    assert (found["unit_measure"], found["unit_mult"], found["decimals"]) == ("368", 0, 2)
    assert found["title"] == "Policy rate, A"
    assert json.loads(found["series_attributes"])["compilation"] == 'Until 2001, the "old" rate'
    assert found["agency_id"] == "BIS"


def test_the_older_shape_has_codes_and_labels_in_one_cell() -> None:
    found = read(BEFORE).row(0, named=True)
    assert (found["series_key"], found["time_period"], found["obs_value"]) == ("M.N.XA", "2015-01", 92.53)
    assert json.loads(found["dimensions"]) == {"freq": "M", "type": "N", "ref_area": "XA"}
    assert found["title"] == "Monthly, Nominal: broad, Area A"
    assert found["released_at"] is None


@pytest.mark.parametrize(
    ("name", "dataflow_id"),
    [("WS_CBPOL_csv_col.csv", "WS_CBPOL"), ("full_BIS_EER_csv.csv", "BIS_EER"), ("WS_TC_csv_col.csv", "WS_TC")],
)
def test_the_name_in_the_zip_is_the_dataflow(name: str, dataflow_id: str) -> None:
    found = read(zipped({name: TODAY}))
    assert set(found["dataflow_id"]) == {dataflow_id}
    assert found.drop("dataflow_id").equals(read(TODAY).drop("dataflow_id"))


def test_a_table_without_a_name_is_of_the_feeds_dataflow() -> None:
    assert set(read(TODAY, Hints(dataflow_id="WS_CBPOL"))["dataflow_id"]) == {"WS_CBPOL"}


def test_a_reporting_country_is_the_reference_area() -> None:
    body = TODAY.replace(b"REF_AREA", b"L_REP_CTY")
    found = read(body).row(0, named=True)
    assert json.loads(found["dimensions"]) == {"freq": "D", "l_rep_cty": "XA"}
    assert found["ref_area"] == "XA"


def test_a_status_of_the_whole_series_is_that_of_its_observations() -> None:
    body = TODAY.replace(b'"TITLE_TS"', b'"OBS_STATUS"').replace(b'"Policy rate, A"', b'"E"')
    assert read(body)["obs_status"].to_list() == ["E", None]


def test_a_table_without_rows_has_no_observations() -> None:
    assert read(TODAY.partition(b"\n")[0]).height == 0


def changed(found: str, other: str, body: bytes = TODAY) -> bytes:
    assert found.encode() in body
    return body.replace(found.encode(), other.encode())


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (changed('"5.25"', '":"'), ResponseMalformed),
        (changed('"5.25"', '"-inf"'), ResponseMalformed),
        (changed('"5.25"', f'"{"5" * 400}"'), ResponseMalformed),
        (changed('"5.25",', ""), ResponseMalformed),
        (changed('"5.25"', '"5.25","6"'), ResponseMalformed),
        (changed('"2024-01-02"', '"2024-01-01"'), ResponseMalformed),
        (changed('"2024-01-01"', '"the rest"'), UnknownCode),
        (changed('"D:XA"', '"D:XB"'), ResponseMalformed),
        (changed('"D:XA"', '"D:XA:368:0:"'), ResponseMalformed),
        (changed('"M:XA"', '""'), ResponseMalformed),
        (changed('"Series"', '"Key"'), ResponseMalformed),
        (
            changed('"M","Monthly"', '"D","Daily"')
            .replace(b'"M:XA"', b'"D:XA"')
            .replace(b'"NaN"\n', b'"6"\n')
            .replace(b'"5.50","",""', b'"","5.5","6"'),
            ResponseMalformed,
        ),
        (changed('"UNIT_MULT"', '"OBS_VALUE"'), ResponseMalformed),
        (changed('"UNIT_MULT"', '"ACTION"'), ResponseMalformed),
        (changed('"Decimals"', '"Decimals","More"').replace(b'"Two"', b'"Two",""'), ResponseMalformed),
        (changed('"0","Units"', '"0.5","Units"'), UnknownCode),
        (changed('"Type"', '"frequency"', BEFORE), ResponseMalformed),
        (changed('"M:N:XA"', '"M:R:XA"', BEFORE), ResponseMalformed),
        (zipped({"WS_TC_csv_col.csv": TODAY})[:-30], ResponseMalformed),
        (zipped({"WS_TC_csv_col.csv": b""}), ResponseMalformed),
        (b'"FREQ","Frequency"\n"Series","2024"\n"D:XA","1"\n', ResponseMalformed),
        (TODAY.replace(b"Daily", b"Dail\xff"), ResponseMalformed),
        (b"", ResponseMalformed),
        (b"<html><body>Under maintenance</body></html>", ResponseMalformed),
    ],
)
def test_bad_input_stops_the_reading_with_its_typed_error(body: bytes, error: type[DatazonesError]) -> None:
    with pytest.raises(error):
        tidy(conform(bis_csv.read(body, Hints()), Hints()))


@pytest.mark.parametrize(
    "other",
    [
        b"DATAFLOW,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE\n",
        zipped({"WS_CBPOL_csv_flat.csv": TODAY}),
        zipped({"API_IT.NET_DS2_en_csv_v2_1.csv": TODAY}),
        zipped({"message.xml": b"<a/>"}),
    ],
)
def test_other_answers_are_not_taken_for_it(other: bytes) -> None:
    assert not bis_csv.recognises(other)
