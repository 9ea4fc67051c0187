"""NBS tables as files: exports with lines above and notes below, indicators across, one figure a row, spreadsheets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

import polars as pl
import pytest

from datazones.codes import PROVINCES
from datazones.conforming import conform, tidy
from datazones.dialects import nbs_csv
from datazones.dialects._nbs import province
from datazones.errors import ResponseMalformed
from datazones.model import Hints
from tests.packing import zipped

EXPORT = """数据库：分省年度数据
指标：地区生产总值(亿元)
时间：最近3年
地区,2024年,2023年,2022年
北京市,,47353.7,45222.40
新疆省,20492.4,19603,18550.0
"注：本表按当年价格计算，
第五次全国经济普查后修订,1992年起。"
数据来源：国家统计局
"""
CUT = "地区,2024年,2023年\r\n北京市,1,2\r\n数据来源：国家统计局,,\r\n"
PANEL = "地区,年份,GDP_亿元,GDP指数_上年=100\n上海,2023,47218.7,105.0\n上海,2024,,105.1\n"
DOWN = ["province", "year", "chn_block4", "value", "units", "variables"]
XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
XLSX = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def read(body: bytes | str, **labels: str) -> pl.DataFrame:
    sent = body.encode("gb18030") if isinstance(body, str) else body
    assert nbs_csv.recognises(sent[:65536])
    hints = Hints(labels=labels)
    return tidy(conform(nbs_csv.read(sent, hints), hints))


def rows(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return frame.select("series_key", "time_period", "obs_value").rows()


def workbook(*sheets: Sequence[Sequence[str]], kind: str = "inlineStr", filler: int = 0) -> bytes:
    """A spreadsheet as small as one can be: every cell is text, or what `kind` says."""
    listed = range(1, len(sheets) + 1)
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS.replace("officeDocument", "package")}">'
        f'<Relationship Id="r" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{XLSX}" xmlns:r="{RELATIONS}"><sheets>'
        + "".join(f'<sheet name="S{nth}" sheetId="{nth}" r:id="r{nth}"/>' for nth in listed)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{RELATIONS}/worksheet" Target="worksheets/s{n}.xml"/>' for n in listed
        )
        + "</Relationships>",
    }
    for nth, cells in zip(listed, sheets, strict=True):
        parts[f"xl/worksheets/s{nth}.xml"] = sheet(cells, kind) + " " * filler
    return zipped({name: text.encode() for name, text in parts.items()})


def sheet(cells: Sequence[Sequence[str]], kind: str) -> str:
    inner = "<is><t>{}</t></is>" if kind == "inlineStr" else "<v>{}</v>"
    each = (
        f'<row r="{n}">'
        + "".join(
            f'<c r="{chr(65 + c)}{n}" t="{kind}">{inner.format(escape(text))}</c>' for c, text in enumerate(row) if text
        )
        + "</row>"
        for n, row in enumerate(cells, start=1)
    )
    return f'<worksheet xmlns="{XLSX}"><sheetData>{"".join(each)}</sheetData></worksheet>'


def test_an_export_is_read_cell_by_cell_and_its_empty_cells_are_no_observations() -> None:
    frame = read(EXPORT)
    assert rows(frame) == [
        ("A.地区生产总值.110000", "2023", 47353.7),
        ("A.地区生产总值.110000", "2022", 45222.4),
        ("A.地区生产总值.650000", "2024", 20492.4),
        ("A.地区生产总值.650000", "2023", 19603.0),
        ("A.地区生产总值.650000", "2022", 18550.0),
    ]


def test_what_stands_above_and_below_an_export_is_kept_with_its_series() -> None:
    row = read(EXPORT).row(0, named=True)
    assert (row["agency_id"], row["dataflow_id"], row["unit_measure"]) == ("NBS", "fsnd", "亿元")
    assert (row["title"], row["ref_area"], row["freq"]) == ("地区生产总值, 北京市", "110000", "A")
    note = json.loads(row["series_attributes"])["note"]
    assert note == "注：本表按当年价格计算，\n第五次全国经济普查后修订,1992年起。\n数据来源：国家统计局"


def test_figures_reach_conforming_with_the_zeros_that_were_written() -> None:
    (cube,) = nbs_csv.read(EXPORT.encode("gb18030"), Hints())
    assert cube.frame["obs_value"].to_list() == ["47353.7", "45222.40", "20492.4", "19603", "18550.0"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_the_encoding_of_an_export_changes_nothing(encoding: str) -> None:
    assert read(EXPORT.encode(encoding)).equals(read(EXPORT))


def test_a_table_whose_lines_above_were_cut_away_takes_its_indicator_from_the_feed() -> None:
    assert rows(read(CUT)) == [("A._U.110000", "2024", 1.0), ("A._U.110000", "2023", 2.0)]
    assert rows(read(CUT, zb="A020101"))[0] == ("A.A020101.110000", "2024", 1.0)


def test_an_export_by_indicator_takes_its_area_from_the_line_above() -> None:
    body = "数据库：分省月度数据\n地区：湖北省\n时间：最近2月\n指标,2024年12月,2024年9月\n进出口总额(万美元),7,8\n"
    frame = read(body)
    assert rows(frame) == [("M.进出口总额.420000", "202412", 7.0), ("M.进出口总额.420000", "202409", 8.0)]
    assert frame["dataflow_id"][0] == "fsyd"


def test_quarters_are_written_as_the_answers_in_json_have_them() -> None:
    body = "数据库：季度数据\n时间：最近2季度\n指标,2024年第一季度,2023年第四季度\n国内生产总值_当季值(亿元),2,1\n"
    frame = read(body.encode("gb18030"))
    assert rows(frame) == [("Q.国内生产总值_当季值", "2024A", 2.0), ("Q.国内生产总值_当季值", "2023D", 1.0)]
    assert frame.select("period_start", "dataflow_id").row(1) == (date(2023, 10, 1), "hgjd")


def test_a_national_export_has_no_area_in_its_key() -> None:
    assert rows(read("数据库：年度数据\n时间：最近1年\n指标,2024年\n年末总人口(万人),140828\n")) == [
        ("A.年末总人口", "2024", 140828.0)
    ]


def test_indicators_across_keep_their_whole_header_so_that_no_two_fall_together() -> None:
    frame = read(PANEL)
    assert rows(frame) == [
        ("A.GDP_亿元.310000", "2023", 47218.7),
        ("A.GDP指数_上年=100.310000", "2023", 105.0),
        ("A.GDP指数_上年=100.310000", "2024", 105.1),
    ]
    assert frame["unit_measure"].to_list() == ["亿元", None, None]


def test_a_bulletin_without_a_period_takes_it_from_the_feed_or_is_refused() -> None:
    bulletin = workbook([["地区", "RD经费", "RD强度"], ["北京", "2947.1", "6.73"], ["全国", "33357.1", ""]])
    assert rows(read(bulletin, time_period="2023")) == [
        ("A.RD经费.110000", "2023", 2947.1),
        ("A.RD强度.110000", "2023", 6.73),
        ("A.RD经费.全国", "2023", 33357.1),
    ]
    with pytest.raises(ResponseMalformed, match="time_period"):
        read(bulletin)


def test_a_row_of_one_figure_is_an_observation_even_without_the_figure() -> None:
    frame = read(
        workbook([DOWN, ["湖北", "2023", "合计", "135211", "件", "hj"], ["湖北", "2022", "合计", "", "", "hj"]])
    )
    assert rows(frame) == [("A.hj.420000", "2023", 135211.0), ("A.hj.420000", "2022", None)]
    assert frame.select("title", "unit_measure").row(0) == ("合计, 湖北", "件")


def test_an_export_as_a_spreadsheet_is_read_as_the_csv_is() -> None:
    cells = [
        ["指标：地区生产总值(亿元)"],
        ["地区", "2023年"],
        ["北京市", "47353.7"],
        ["注：修订"],
        ["数据来源：国家统计局"],
    ]
    assert rows(read(workbook(cells))) == [("A.地区生产总值.110000", "2023", 47353.7)]


def test_a_table_without_a_figure_is_no_error_and_no_observation() -> None:
    assert read("地区,2024年\n北京市,\n").height == 0
    assert read("地区,2024年\n").height == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("北京", "110000"),
        ("内蒙古自治区", "150000"),
        ("广西壮族自治区", "450000"),
        ("湖 北", "420000"),
        ("新疆省", "650000"),
    ],
)
def test_a_province_is_known_by_any_of_its_names(name: str, code: str) -> None:
    assert province(name) == code


@pytest.mark.parametrize("name", ["全国", "武汉市", "北京西站", "新彊维吾尔自治区", ""])
def test_what_is_no_province_keeps_its_name(name: str) -> None:
    assert province(name) == name


def test_there_are_31_provinces_with_31_codes() -> None:
    assert len(PROVINCES) == len(set(PROVINCES.values())) == 31


def changed(old: str, new: str) -> bytes:
    assert old in EXPORT
    return EXPORT.replace(old, new, 1).encode("gb18030")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(changed("45222.40", "45222.40,7"), "5 cells", id="more cells than the header"),
        pytest.param(changed(",45222.40", ""), "3 cells", id="fewer cells than the header"),
        pytest.param(changed("2023年", "2024年"), "once", id="period twice"),
        pytest.param(changed("2023年", ""), "named", id="period unnamed"),
        pytest.param(changed("2023年", "同比"), "only periods", id="periods and indicators mixed"),
        pytest.param(changed("2023年", "2023年13月"), "only periods", id="month 13"),
        pytest.param(changed("新疆省", "北京"), "share their key", id="area twice under two names"),
        pytest.param(changed("47353.7", '"47,353.7"'), "47,353.7", id="thousands parted"),
        pytest.param(changed("47353.7", "NaN"), "NaN", id="not a number"),
        pytest.param(changed("47353.7", "—"), "—", id="unknown mark"),
        pytest.param(changed("时间：最近3年", "时间：最近3年,2"), "above the header", id="figure above"),
        pytest.param(changed("时间：", "口径："), "above the header", id="unknown line above"),
        pytest.param(changed("数据来源", "　湖北省,1,2,3\n数据来源"), "below the notes", id="figures below the notes"),
        pytest.param(changed("数据来源", '"数据来源'), "end of data", id="quote never closed"),
        pytest.param(EXPORT.encode("gb18030") + b"\xff\xff", "gb18030", id="no text"),
        pytest.param("指标：地区生产总值(亿元)\n".encode(), "no header", id="cut before the header"),
        pytest.param("地区,指标,甲\n北京,乙,1\n".encode(), "only indicators", id="indicators down and across"),
        pytest.param(workbook([]), "0 sheets", id="empty spreadsheet"),
        pytest.param(workbook([["地区"]], [["地区"]]), "2 sheets", id="two sheets"),
        pytest.param(workbook([["#N/A"]], kind="e"), "#N/A", id="spreadsheet error"),
        pytest.param(workbook([DOWN], filler=70_000_000), "beyond reason", id="zip bomb"),
        pytest.param(workbook([DOWN])[:-100], "zip", id="spreadsheet cut short"),
        pytest.param(XLS + bytes(2000), "cannot be opened", id="xls that is none"),
    ],
)
def test_what_cannot_be_placed_stops_the_reading(body: bytes, said: str) -> None:
    with pytest.raises(ResponseMalformed, match=said):
        read(body)


def test_an_xls_with_an_error_cell_is_refused_because_the_reader_would_show_it_empty() -> None:
    record = b"\x05\x02\x08\x00" + bytes(6) + b"\x2a\x01"
    with pytest.raises(ResponseMalformed, match="#N/A"):
        read(XLS + bytes(600) + record + bytes(600))


@pytest.mark.parametrize(
    "body", [b"", b"<html>\xe5\x9c\xb0\xe5\x8c\xba</html>", b"PK\x03\x04", b"freq,geo\n", "年份,地区\n".encode()]
)
def test_other_bytes_are_not_recognised(body: bytes) -> None:
    assert not nbs_csv.recognises(body)
