"""NBS easyquery: what is read from an answer, and what stops the reading."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import nbs_json
from datazones.errors import DatazonesError, ProviderRefused, ResponseMalformed, UnknownCode
from datazones.model import Hints

Json = dict[str, object]


def node(figure: str | None, decimals: int = 1, **codes: str) -> Json:
    return {
        "code": "_".join(f"{kind}.{code}" for kind, code in codes.items()),
        "data": {"data": float(figure or 0), "dotcount": decimals, "hasdata": bool(figure), "strdata": figure or ""},
        "wds": [{"valuecode": code, "wdcode": kind} for kind, code in codes.items()],
    }


def listed(kind: str, **names: str) -> Json:
    """A code list as the answer carries it beside its nodes: code='name|unit|memo'."""
    parts = {code: [*text.split("|"), "", ""] for code, text in names.items()}
    nodes = [
        {"cname": name, "code": code, "dotcount": 1, "exp": "", "memo": memo, "name": name, "tag": "", "unit": unit}
        for code, (name, unit, memo, *_) in parts.items()
    ]
    return {"nodes": nodes, "wdcode": kind, "wdname": kind}


ZB = listed("zb", A020101="地区生产总值|亿元|按当年价格计算")
REG = listed("reg", **{"110000": "北京市", "420000": "湖北省"})


def answer(nodes: list[Json], *lists: Json) -> bytes:
    found = {"datanodes": nodes, "freshsort": 0, "hasdatacount": len(nodes), "wdnodes": lists}
    return json.dumps({"returncode": 200, "returndata": found}, ensure_ascii=False).encode()


def read(body: bytes) -> pl.DataFrame:
    assert nbs_json.recognises(body)
    hints = Hints(dataflow_id="fsnd")
    return tidy(conform(nbs_json.read(body, hints), hints))


PROVINCIAL = answer(
    [
        node("45222.40", 2, zb="A020101", reg="110000", sj="2022"),
        node(None, zb="A020101", reg="110000", sj="2023"),
        node("53445.4", zb="A020101", reg="420000", sj="2022"),
    ],
    ZB,
    REG,
)


def test_a_provincial_figure_has_its_indicator_area_unit_decimals_and_title() -> None:
    first = read(PROVINCIAL).row(0, named=True)
    assert first["series_key"] == "A.A020101.110000"
    assert (first["ref_area"], first["unit_measure"], first["decimals"]) == ("110000", "亿元", 2)
    assert first["title"] == "地区生产总值, 北京市"
    assert first["obs_value"] == 45222.4
    assert json.loads(first["series_attributes"])["memo"] == "按当年价格计算"
    assert (first["agency_id"], first["dataflow_id"]) == ("NBS", "fsnd")


def test_a_figure_reaches_conforming_as_the_text_that_the_provider_wrote() -> None:
    (cube,) = nbs_json.read(PROVINCIAL, Hints())
    assert cube.frame["obs_value"].to_list() == ["45222.40", None, "53445.4"]


def test_a_node_without_data_is_an_observation_without_a_value_although_its_data_say_zero() -> None:
    missing = read(PROVINCIAL).filter(time_period="2023")
    assert missing["obs_value"].to_list() == [None]


def test_digits_beyond_the_published_figure_are_kept_beside_it() -> None:
    rounded = node("100.7", zb="A020101", reg="110000", sj="2022")
    rounded["data"] = {"data": 100.71505336, "dotcount": 1, "hasdata": True, "strdata": "100.7"}
    row = read(answer([rounded, node("2", zb="A020101", reg="110000", sj="2021")], ZB, REG)).row(0, named=True)
    assert (row["obs_value"], json.loads(row["obs_attributes"])) == (100.7, {"unrounded": "100.71505336"})


def test_a_zero_that_is_a_figure_stays_zero() -> None:
    body = answer([node("0", 0, zb="A020101", reg="110000", sj="2022")], ZB, REG)
    assert read(body)["obs_value"].to_list() == [0.0]


def test_a_national_answer_has_no_area_in_its_key() -> None:
    body = answer([node("6.2", zb="A020101", sj="202412")], ZB)
    row = read(body).row(0, named=True)
    assert (row["series_key"], row["ref_area"], row["title"]) == ("M.A020101", None, "地区生产总值")
    assert (row["period_start"], row["period_end"]) == (date(2024, 12, 1), date(2025, 1, 1))


def test_a_quarter_with_a_letter_is_a_quarter_and_not_a_year() -> None:
    body = answer([node("1", zb="A020101", sj=f"2023{letter}") for letter in "ABCD"], ZB)
    frame = read(body)
    assert frame["series_key"].unique().to_list() == ["Q.A020101"]
    assert frame["time_period"].to_list() == ["2023A", "2023B", "2023C", "2023D"]
    assert frame["period_start"].dt.month().to_list() == [1, 4, 7, 10]
    assert frame["period_end"].to_list()[-1] == date(2024, 1, 1)


def test_codes_are_told_by_their_name_and_not_by_their_place() -> None:
    shuffled = node("1", sj="2022", reg="420000", zb="A020101")
    body = answer([node("2", zb="A020101", reg="110000", sj="2022"), shuffled], ZB, REG)
    assert read(body).select("series_key", "obs_value").rows() == [("A.A020101.110000", 2.0), ("A.A020101.420000", 1.0)]


def test_an_answer_without_nodes_is_no_error_and_no_observation() -> None:
    assert read(answer([], ZB, REG)).height == 0


def test_a_byte_order_mark_changes_nothing() -> None:
    assert read(b"\xef\xbb\xbf" + PROVINCIAL).equals(read(PROVINCIAL))


def test_the_error_inside_a_200_is_a_refusal_in_the_providers_words() -> None:
    body = '{"returncode":501,"returndata":"对不起，未能找到符合查询条件的信息。"}'.encode()
    with pytest.raises(ProviderRefused, match="501: 对不起"):
        read(body)


def test_a_tree_of_indicators_says_that_it_is_metadata() -> None:
    tree = [{"dbcode": "fsnd", "id": "A01", "isParent": True, "name": "综合", "pid": "", "wdcode": "zb"}]
    with pytest.raises(ResponseMalformed, match="a tree of 'zb' codes"):
        read(json.dumps(tree).encode())


def changed(old: str, new: str) -> bytes:
    text = PROVINCIAL.decode()
    assert old in text
    return text.replace(old, new).encode()


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        pytest.param(PROVINCIAL[:200], ResponseMalformed, "one JSON value", id="cut short"),
        pytest.param(changed("45222.40", "4522,2.40"), ResponseMalformed, "4522,2.40", id="no number"),
        pytest.param(changed('"strdata": "45222.40"', '"strdata": "NaN"'), ResponseMalformed, "NaN", id="not a number"),
        pytest.param(changed('"strdata": "45222.40"', '"strdata": ""'), ResponseMalformed, "both", id="data unsaid"),
        pytest.param(changed('"strdata": "45222.40"', '"strdata": null'), ResponseMalformed, "both", id="data null"),
        pytest.param(changed('"strdata": ""', '"strdata": "7"'), ResponseMalformed, "both", id="figure without data"),
        pytest.param(changed('"data": 0.0', '"data": 41540.9'), ResponseMalformed, "both", id="figure where none is"),
        pytest.param(
            changed('"hasdata": true', '"hasdata": "true"'), ResponseMalformed, "true or false", id="text as bool"
        ),
        pytest.param(changed('"sj"', '"time"'), ResponseMalformed, "'time'", id="another dimension"),
        pytest.param(changed('"2023"', '"2023年"'), ResponseMalformed, "2023年", id="another period"),
        pytest.param(changed('"2023"', '"202313"'), UnknownCode, "202313", id="month 13"),
        pytest.param(changed('"code": "420000"', '"code": "42"'), ResponseMalformed, "420000", id="area unlisted"),
        pytest.param(changed('"code": "420000"', '"code": "110000"'), ResponseMalformed, "110000", id="area twice"),
        pytest.param(changed('"2023"', '"2022"'), ResponseMalformed, "share their key", id="same twice"),
        pytest.param(changed('"wds"', '"codes"'), ResponseMalformed, "'wds'", id="key renamed"),
        pytest.param(changed('"wdnodes": [', '"wdnodes": [null, '), ResponseMalformed, "wdnodes", id="null list"),
        pytest.param(b'{"returncode":200,"returndata":[]}', ResponseMalformed, "returndata", id="no table"),
        pytest.param(b'{"returncode":200,"returndata":{}}', ResponseMalformed, "datanodes", id="empty table"),
    ],
)
def test_what_cannot_be_read_without_losing_something_stops_the_reading(
    body: bytes, error: type[DatazonesError], said: str
) -> None:
    with pytest.raises(error, match=said):
        read(body)


VALUES: list[Json] = [
    {
        "_id": "0123456789abcdef0123456789abcdef",
        "i_showname": "地区生产总值 ",
        "value": "1",
        "du_name": "亿元",
        "da": "420000000000",
        "da_name": "湖北省",
        "catalogid": "f" * 32,
    }
]
PORTAL = {
    "success": True,
    "state": 20000,
    "message": "",
    "data": [
        {
            "code": code,
            "name": code,
            "values": [{**VALUES[0], "value": figure}],
        }
        for code, figure in (("2024YY", "59644.3"), ("202404SS", ""), ("202412MM", "7"))
    ],
}


def portal(**changes: object) -> bytes:
    return json.dumps({**PORTAL, **changes}, ensure_ascii=False).encode()


def test_an_answer_of_the_new_portal_is_read_under_the_same_names() -> None:
    frame = read(portal())
    zb = "0123456789abcdef0123456789abcdef"
    assert frame.select("series_key", "time_period", "obs_value").rows() == [
        (f"A.{zb}.420000000000", "2024", 59644.3),
        (f"Q.{zb}.420000000000", "2024-Q4", None),
        (f"M.{zb}.420000000000", "202412", 7.0),
    ]
    row = frame.row(0, named=True)
    assert (row["ref_area"], row["unit_measure"], row["title"]) == ("420000", "亿元", "地区生产总值, 湖北省")
    assert json.loads(row["series_attributes"])["catalogid"] == "f" * 32


def test_the_fourth_quarter_of_the_new_portal_is_not_april() -> None:
    assert read(portal()).filter(pl.col("time_period") == "2024-Q4")["period_start"].to_list() == [date(2024, 10, 1)]


def test_an_error_of_the_new_portal_is_a_refusal() -> None:
    with pytest.raises(ProviderRefused, match="50000"):
        read(portal(success=False, state=50000, data=None))


def test_an_empty_answer_of_the_new_portal_is_no_error() -> None:
    assert read(portal(data=[])).height == 0
    assert read(portal(data=[{"code": "2024YY", "name": "", "values": []}])).height == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param([{"_id": "a", "name": "年度数据", "isLeaf": False}], "values", id="tree"),
        pytest.param([{"code": "2024YY", "values": [{**VALUES[0], "value": {}}]}], "obs_value", id="no figure"),
        pytest.param([{"code": "2024XX", "values": VALUES}], "2024XX", id="unknown period"),
        pytest.param(None, "success and data", id="null"),
    ],
)
def test_what_is_not_known_of_the_new_portal_is_not_guessed(data: object, said: str) -> None:
    with pytest.raises(ResponseMalformed, match=said):
        read(portal(data=data))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>reason:UrlACL</html>", b'{"version":"2.0"}', b'[{"page":1,"per_page":50}]']
)
def test_other_bytes_are_not_recognised(body: bytes) -> None:
    assert not nbs_json.recognises(body)
