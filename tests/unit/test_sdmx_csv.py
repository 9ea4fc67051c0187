"""SDMX-CSV in all its kinds, and what must never come out of a broken one."""

from __future__ import annotations

import codecs
import gzip
from datetime import UTC, datetime

import orjson
import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import sdmx_csv
from datazones.errors import DatazonesError, ResponseMalformed, StructureChanged, UnknownCode
from datazones.model import Hints

NOTHING_KNOWN = Hints()

EUROSTAT = """\
DATAFLOW,LAST UPDATE,freq,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS
ESTAT:UNE_RT$DEFAULTVIEW(1.0),11/06/26 23:00:00,A,PC,FR,2021,7.9,bd,
ESTAT:UNE_RT$DEFAULTVIEW(1.0),11/06/26 23:00:00,A,PC,FR,2022,,,C
ESTAT:UNE_RT$DEFAULTVIEW(1.0),11/06/26 23:00:00,A,PC,FR,2023,:,u,
"""
BIS = """\
DATAFLOW,FREQ,REF_AREA,TIME_PERIOD,COLLECTION,NOTE,OBS_STATUS,OBS_CONF,OBS_VALUE
BIS:CBPOL(1.0),M,CH,2024-01,E,x,A,F,1.75
BIS:CBPOL(1.0),M,CH,2024-02,E,,M,F,
"""
ECB = """\
KEY,FREQ,CURRENCY,TIME_PERIOD,OBS_VALUE,OBS_STATUS,OBS_COM,TITLE,UNIT_MULT,SOURCE_AGENCY
EXR.D.USD,D,USD,2024-05-09,,H,"a holiday, as always","US dollar, spot",0,4F0
EXR.D.USD,D,USD,2024-05-10,1.0779,A,,"US dollar, spot",0,4F0
"""
OECD = """\
STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,FREQ,Frequency,REF_AREA,Area,TIME_PERIOD,Period,OBS_VALUE,,UNIT_MULT,
DATAFLOW,OECD.GOV:DSD_G@DF_T(1.1),"Trust, in short",I,A,Annual,ISL,Iceland,2021,,50.4,,0,Units
"""
V2 = """\
STRUCTURE[;],STRUCTURE_ID,ACTION,FREQ,GEO,TIME_PERIOD,OBS_VALUE,NOTE[]
dataflow,EX:FLOW(1.0.0),I,A,FR,2021,1.5,one;two
dataflow,EX:FLOW(1.0.0),I,A,DE,2021,2.5,
"""
FRENCH = """\
STRUCTURE[|];STRUCTURE_ID;ACTION;OBS_KEY;FREQ: Fréquence;GEO: Zone;TIME_PERIOD: Temps;OBS_VALUE: Valeur;NOTE: Note
dataflow;EX:FLOW(1.0): Le flux;I;A.FR.2021;A: Annuel;FR: France: métropole;2021;1234,5;voir: ici
"""
STAT = """\
\ufeff"LOCATION","Country","VAR","Variable","TIME","Time","Unit Code","Unit","PowerCode Code","PowerCode",\
"Value","Flag Codes","Flags"
"FRA","France","GDP","Gross product, total","2010-Q1","Q1-2010","EUR","Euro","6","Millions",1.5,"+; n","Estimate"
"FRA","France","GDP","Gross product, total","2010-Q2","Q2-2010","EUR","Euro","6","Millions",,"‡",
"""


def read(text: str, hints: Hints = NOTHING_KNOWN) -> pl.DataFrame:
    return tidy(conform(sdmx_csv.read(text.encode(), hints), hints))


def figures(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return frame.select("series_key", "time_period", "obs_value", "obs_status").rows()


def said(frame: pl.DataFrame, name: str) -> list[object]:
    return [None if text is None else orjson.loads(text) for text in frame[name]]


def test_a_row_without_a_figure_is_an_observation_that_keeps_its_flags() -> None:
    frame = read(EUROSTAT)
    assert figures(frame) == [
        ("A.PC.FR", "2021", 7.9, "bd"),
        ("A.PC.FR", "2022", None, None),
        ("A.PC.FR", "2023", None, "u"),
    ]
    assert frame["conf_status"].to_list() == [None, "C", None]


def test_the_dataflow_is_named_without_its_view_and_release() -> None:
    assert read(EUROSTAT).select("agency_id", "dataflow_id").unique().rows() == [("ESTAT", "UNE_RT")]


def test_the_last_update_of_eurostat_is_a_release_in_the_time_of_luxembourg() -> None:
    winter = EUROSTAT.replace("11/06/26", "11/12/26")
    assert read(EUROSTAT)["released_at"][0] == datetime(2026, 6, 11, 21, tzinfo=UTC)
    assert read(winter)["released_at"][0] == datetime(2026, 12, 11, 22, tzinfo=UTC)


def test_an_update_in_another_notation_is_kept_as_it_is() -> None:
    frame = read(EUROSTAT.replace("11/06/26 23:00:00", "yesterday"))
    assert frame["released_at"].to_list() == [None] * 3
    assert said(frame, "series_attributes")[0] == {"last update": "yesterday"}


def test_rows_of_two_updates_have_a_release_each() -> None:
    frame = read(EUROSTAT.replace("11/06/26 23:00:00,A,PC,FR,2023", "12/06/26 11:00:00,A,PC,FR,2023"))
    assert frame.select("time_period", pl.col("released_at").dt.day()).rows() == [
        ("2021", 11),
        ("2022", 11),
        ("2023", 12),
    ]


def test_area_and_unit_are_told_beside_the_dimensions_that_hold_them() -> None:
    frame = read(EUROSTAT)
    assert frame.select("freq", "ref_area", "unit_measure").row(0) == ("A", "FR", "PC")
    assert said(frame, "dimensions")[0] == {"freq": "A", "unit": "PC", "geo": "FR"}


def test_columns_of_flags_may_be_left_out_altogether() -> None:
    text = "\n".join(row.rsplit(",", 2)[0] for row in EUROSTAT.splitlines())
    assert figures(read(text))[0] == ("A.PC.FR", "2021", 7.9, None)


def test_labels_instead_of_codes_are_the_codes() -> None:
    frame = read(EUROSTAT.replace(",A,PC,FR,", ',Annual,"Percentage, of the whole",France,'))
    assert frame["series_key"][0] == "Annual.Percentage, of the whole.France"
    assert frame["freq"][0] == "A"


def test_attributes_may_stand_between_the_period_and_the_figure() -> None:
    frame = read(BIS)
    assert figures(frame) == [("M.CH", "2024-01", 1.75, "A"), ("M.CH", "2024-02", None, "M")]
    assert frame["conf_status"].to_list() == ["F", "F"]
    assert said(frame, "series_attributes")[0] == {"collection": "E"}
    assert said(frame, "obs_attributes") == [{"note": "x"}, None]


def test_a_dimension_behind_the_period_is_one_if_the_structure_says_so() -> None:
    structure = b"""{"data": {"dataStructures": [{"id": "DSD", "dataStructureComponents": {
        "dimensionList": {"dimensions": [{"id": "REF_AREA", "position": 2}, {"id": "COLLECTION", "position": 3},
            {"id": "FREQ", "position": 1}], "timeDimensions": [{"id": "TIME_PERIOD"}]},
        "measureList": {"measures": [{"id": "OBS_VALUE"}]},
        "attributeList": {"attributes": [{"id": "NOTE", "attributeRelationship": {"dataflow": {}}},
            {"id": "OBS_STATUS", "attributeRelationship": {"observation": {}}}]}}}]}}"""
    frame = read(BIS, Hints(aside={"structure": structure}))
    assert frame["series_key"].to_list() == ["M.CH.E"] * 2
    assert said(frame, "series_attributes")[0] == {"note": "x"}


def test_a_structure_of_sdmx_ml_names_the_dimensions_the_period_and_the_figure() -> None:
    structure = b"""<m:Structure xmlns:m="urn:m" xmlns:s="urn:s"><s:DataStructure id="DSD"><s:DataStructureComponents>
        <s:DimensionList>
          <s:Dimension id="GEO"><s:ConceptIdentity/></s:Dimension>
          <s:TimeDimension id="WHEN"><s:ConceptIdentity/></s:TimeDimension>
        </s:DimensionList>
        <s:MeasureList><s:Measure id="RATE"><s:ConceptIdentity/></s:Measure></s:MeasureList>
        <s:AttributeList>
          <s:Attribute id="NOTE"><s:ConceptIdentity/>
            <s:AttributeRelationship><s:Dimension>GEO</s:Dimension></s:AttributeRelationship></s:Attribute>
          <s:Attribute id="MARK"><s:ConceptIdentity/>
            <s:AttributeRelationship><s:Observation/></s:AttributeRelationship></s:Attribute>
        </s:AttributeList></s:DataStructureComponents></s:DataStructure></m:Structure>"""
    text = "STRUCTURE,STRUCTURE_ID,ACTION,RATE,WHEN,NOTE,MARK,GEO\ndataflow,EX:FLOW(1.0),I,1.5,2024,n,m,FR\n"
    frame = read(text, Hints(aside={"structure": structure}))
    assert figures(frame) == [("FR", "2024", 1.5, None)]
    assert said(frame, "series_attributes") == [{"note": "n"}]
    assert said(frame, "obs_attributes") == [{"mark": "m"}]


def test_a_dimension_of_the_structure_that_the_answer_lacks_is_a_change() -> None:
    listed = b'{"dimensionList": {"dimensions": [{"id": "SEX"}]}}'
    structure = b'{"data": {"dataStructures": [{"id": "D", "dataStructureComponents": %s}]}}' % listed
    with pytest.raises(StructureChanged, match="SEX"):
        read(BIS, Hints(aside={"structure": structure}))


def test_the_key_of_the_ecb_names_the_dataflow() -> None:
    frame = read(ECB, Hints(agency_id="ECB"))
    assert figures(frame) == [("D.USD", "2024-05-09", None, "H"), ("D.USD", "2024-05-10", 1.0779, "A")]
    assert frame.select("agency_id", "dataflow_id", "title", "unit_mult").row(0) == ("ECB", "EXR", "US dollar, spot", 0)
    assert frame["comment_obs"].to_list() == ["a holiday, as always", None]
    assert said(frame, "series_attributes")[0] == {"source_agency": "4F0"}


def test_columns_of_names_beside_columns_of_codes_make_the_title() -> None:
    frame = read(OECD)
    assert figures(frame) == [("A.ISL", "2021", 50.4, None)]
    assert frame.select("agency_id", "dataflow_id", "title", "unit_mult").row(0) == (
        "OECD.GOV", "DSD_G@DF_T", "Annual; Iceland", 0,
    )  # fmt: skip


def test_several_values_in_one_cell_stay_as_they_are() -> None:
    frame = read(V2)
    assert figures(frame) == [("A.FR", "2021", 1.5, None), ("A.DE", "2021", 2.5, None)]
    assert said(frame, "obs_attributes") == [{"note": "one;two"}, None]


def test_codes_with_labels_and_a_decimal_comma_are_read_in_the_locale_of_the_message() -> None:
    frame = read(FRENCH)
    assert figures(frame) == [("A.FR", "2021", 1234.5, None)]
    assert frame.select("dataflow_id", "title").row(0) == ("FLOW", "Annuel; France: métropole")
    assert said(frame, "obs_attributes") == [{"note": "voir: ici"}]


def test_a_flow_without_time_is_read_without_time() -> None:
    frame = read("STRUCTURE,STRUCTURE_ID,ACTION,AREA,OBS_VALUE\ndataflow,EX:LAW,I,AUS,3\n")
    assert figures(frame) == [("AUS", "_Z", 3.0, None)]
    assert frame.select("agency_id", "dataflow_id").row(0) == ("EX", "LAW")


def test_the_action_may_be_left_out() -> None:
    text = V2.replace("ACTION,", "").replace(",I,", ",")
    assert figures(read(text)) == figures(read(V2))


def test_a_deletion_takes_an_observation_back() -> None:
    text = V2.replace("I,A,DE,2021,2.5,", "D,A,DE,2021,-,") + "dataflow,EX:FLOW(1.0.0),D,A,IT,2021,,\n"
    frame = read(text).sort("series_key")
    assert frame.select("series_key", "obs_value", "action").rows() == [
        ("A.DE", None, "delete"),
        ("A.FR", 1.5, "replace"),
        ("A.IT", None, "delete"),
    ]


@pytest.mark.parametrize("row", ["D,,DE,2021,-,", "D,A,DE,2021,,-", "D,~,~,~,,"])
def test_a_deletion_of_more_or_less_than_an_observation_is_refused(row: str) -> None:
    with pytest.raises(ResponseMalformed, match="deletion"):
        read(V2 + f"dataflow,EX:FLOW(1.0.0),{row}\n")


@pytest.mark.parametrize("nothing", ["", "~", '""'])
def test_an_attribute_of_a_partial_key_holds_for_all_its_observations(nothing: str) -> None:
    rows = f"dataflow,EX:FLOW(1.0.0),I,{nothing},DE,{nothing},,of Germany\n"
    rows += f"dataflow,EX:FLOW(1.0.0),I,{nothing},{nothing},{nothing},,of all\n"
    frame = read(V2 + rows)
    assert figures(frame) == figures(read(V2))
    assert said(frame, "obs_attributes") == [{"note": "one;two"}, {"note": "of Germany"}]


def test_an_attribute_of_a_partial_key_without_observations_is_not_dropped_in_silence() -> None:
    with pytest.raises(ResponseMalformed, match="without observations"):
        read(V2 + "dataflow,EX:FLOW(1.0.0),I,,IT,,,of Italy\n")


def test_attributes_of_partial_keys_are_refused_where_they_could_miss_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdmx_csv, "PIECE", 60)
    with pytest.raises(ResponseMalformed, match="large message"):
        read(V2 + "dataflow,EX:FLOW(1.0.0),I,A,DE,2021,3,\ndataflow,EX:FLOW(1.0.0),I,,DE,,,of Germany\n")


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("X,A,DE,2022,1,", UnknownCode),
        ("A,A,DE,2022,,note alone", ResponseMalformed),
        ("I,,DE,2022,1,", ResponseMalformed),
    ],
)
def test_a_row_that_cannot_be_kept_as_it_is_meant_is_refused(row: str, error: type[DatazonesError]) -> None:
    with pytest.raises(error):
        read(V2 + f"dataflow,EX:FLOW(1.0.0),{row}\n")


def test_two_structures_in_one_message_are_told_apart() -> None:
    frame = read(V2 + "datastructure,EX:DSD(1.0.0),I,A,FR,2022,9,\n")
    assert said(frame.filter(time_period="2022"), "obs_attributes") == [{"dataflow_id": "DSD"}]


@pytest.mark.parametrize("size", [1, 40, 100, 10_000])
def test_a_message_reads_the_same_in_pieces_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = ECB + 'EXR.D.GBP,D,GBP,2024-05-10,0.86,A,"two\nlines, and ""quotes""",Pound,0,4F0\n'
    whole = read(text)
    monkeypatch.setattr(sdmx_csv, "PIECE", size)
    assert read(text).equals(whole)


@pytest.mark.parametrize("text", [EUROSTAT, BIS, ECB, OECD, V2, FRENCH])
def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing(text: str) -> None:
    plain = read(text)
    assert read("\ufeff" + text.replace("\n", "\r\n")).equals(plain)
    assert read(text.rstrip("\n")).equals(plain)


def test_utf_16_is_read_where_a_mark_announces_it() -> None:
    body = codecs.BOM_UTF16_LE + FRENCH.encode("utf-16-le")
    assert sdmx_csv.recognises(body)
    assert tidy(conform(sdmx_csv.read(body, NOTHING_KNOWN), NOTHING_KNOWN)).equals(read(FRENCH))


@pytest.mark.parametrize("text", [EUROSTAT, BIS, ECB, OECD, V2, FRENCH, STAT])
def test_every_kind_is_recognised_by_its_header(text: str) -> None:
    assert sdmx_csv.recognises(text.encode())


@pytest.mark.parametrize(
    "text", ["", "{", "<html>", "a,b\n", "Entity,Code,Year,Value\n", "freq,geo\\TIME_PERIOD\t2020\n"]
)
def test_what_is_no_sdmx_csv_is_not_recognised(text: str) -> None:
    assert not sdmx_csv.recognises(text.encode())


def test_a_message_without_rows_has_no_observations() -> None:
    assert read(EUROSTAT.splitlines()[0] + "\r\n").height == 0


def test_the_csv_of_oecd_stat_has_codes_labels_units_and_flags_of_its_own() -> None:
    frame = read(STAT)
    assert figures(frame) == [("FRA.GDP", "2010-Q1", 1.5, "+; n"), ("FRA.GDP", "2010-Q2", None, "‡")]
    assert frame.select("ref_area", "unit_measure", "unit_mult", "title").row(0) == (
        "FRA", "EUR", 6, "France; Gross product, total",
    )  # fmt: skip
    assert said(frame, "obs_attributes") == [{"flags": "Estimate"}, None]


def test_the_csv_of_oecd_stat_may_have_codes_alone() -> None:
    text = '"LOCATION","INDICATOR","FREQUENCY","TIME","Value","Flag Codes"\n"FRA","CPI","A","2020",1.5,"E"\n'
    frame = read(text)
    assert figures(frame) == [("FRA.CPI.A", "2020", 1.5, "E")]
    assert frame["freq"][0] == "A"


def test_an_empty_cell_of_the_wide_table_is_no_observation() -> None:
    frame = read("LOCATION,Country,TIME,Business,Government\nFRA,France,2020,1.5,\nFRA,France,2021,,0\n")
    assert figures(frame) == [("FRA.Business", "2020", 1.5, None), ("FRA.Government", "2021", 0.0, None)]
    assert frame["title"].to_list() == ["France; Business", "France; Government"]


FIGURE = "ESTAT:X(1.0),11/06/26 23:00:00,A,PC,FR,2024,{},,\n"


@pytest.mark.parametrize("figure", ["NaN", ":", "", '""'])
def test_the_marks_of_a_missing_figure_are_no_figure(figure: str) -> None:
    assert read(EUROSTAT + FIGURE.format(figure))["obs_value"][3] is None


@pytest.mark.parametrize(
    "figure", ["inf", "-inf", "nan", "..", "-", '"1,234"', "1 234", "9" * 400, "1e999", "Yes", "\x00"]
)
def test_any_other_mark_is_refused_and_never_read_as_missing(figure: str) -> None:
    with pytest.raises(ResponseMalformed, match="2024"):
        read(EUROSTAT + FIGURE.format(figure))


HEADER, ROWS = EUROSTAT.splitlines()[0], EUROSTAT.splitlines()[1:]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "<!DOCTYPE html><html><body>Service unavailable, DATAFLOW</body></html>",
        '{"error": [{"status": 404}]}',
        "\n".join([HEADER + ",geo", *(row + ",FR" for row in ROWS)]),
        "\n".join([HEADER + ",GEO", *(row + ",FR" for row in ROWS)]),
        "\n".join([HEADER, ROWS[0] + ",more"]),
        "\n".join([HEADER, ROWS[0].rsplit(",", 1)[0]]),
        "\n".join([HEADER, ROWS[0] + ",more", ROWS[1].rsplit(",", 1)[0]]),
        "\n".join([HEADER, *ROWS, ROWS[0]]),
        "\n".join([HEADER, ROWS[0].replace("FR", '"FR')]),
        "\n".join([HEADER, ROWS[0].replace(",FR,", ",,")]),
        "\n".join([HEADER, ROWS[0].replace("2021", "")]),
        "DATAFLOW,LAST UPDATE,freq,unit,geo\nESTAT:X(1.0),11/06/26 23:00:00,A,PC,FR\n",
        HEADER + "\r" + "\r".join(ROWS),
    ],
    ids=["empty", "blank lines", "HTML", "JSON", "header twice", "header twice in another case", "row too long"]
    + ["row too short", "rows too long and too short", "row twice", "quote not closed", "no code", "no period"]
    + ["no figures", "line ends of old"],
)
def test_a_broken_answer_is_refused(text: str) -> None:
    with pytest.raises(ResponseMalformed):
        read(text)


def test_the_period_is_the_period_in_small_letters_too() -> None:
    assert figures(read(EUROSTAT.replace("TIME_PERIOD", "time_period"))) == figures(read(EUROSTAT))


def test_a_header_with_an_odd_quote_is_refused() -> None:
    with pytest.raises(ResponseMalformed):
        read('LOCATION",Country,TIME,Business\nFRA,France,2020,1.5\n')


@pytest.mark.parametrize("encoding", ["gbk", "latin-1", "utf-16-le"])
def test_an_encoding_that_is_not_announced_is_refused(encoding: str) -> None:
    with pytest.raises(ResponseMalformed):
        list(
            sdmx_csv.read(EUROSTAT.replace("PC", "人均" if encoding == "gbk" else "é").encode(encoding), NOTHING_KNOWN)
        )


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownCode, match="2021-13"):
        read(EUROSTAT.replace("2021", "2021-13"))


def test_a_gzipped_answer_reads_as_the_plain_one_and_a_cut_one_is_refused() -> None:
    plain, packed = EUROSTAT.encode(), gzip.compress(EUROSTAT.encode())
    assert sdmx_csv.recognises(packed)
    found, expected = (tidy(conform(sdmx_csv.read(body, NOTHING_KNOWN), NOTHING_KNOWN)) for body in (packed, plain))
    assert found.equals(expected)
    with pytest.raises(ResponseMalformed, match="breaks off"):
        list(sdmx_csv.read(packed[:-20], NOTHING_KNOWN))
