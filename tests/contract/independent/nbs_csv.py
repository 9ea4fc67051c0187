"""NBS files read cell by cell: CSV with the standard library, xlsx as zipped XML, xls by its records."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from datazones.errors import DatazonesError, ResponseMalformed

_BULLETINS = {
    "2011": "2011",
    "2014": "2014",
    "2017": "2017",
    "2018": "2019",
    "2020": "2020",
    "2021": "2021",
    "2023": "2023",
}
"""The period of a bulletin stands in no cell; the file named 2018 holds 2019."""

FILES: dict[str, dict[str, object]] = {
    "nbs/gdp-1993-2017-v2018.csv": {},
    "nbs/gdp-2011-2019-v2020.csv": {},
    "nbs/gdp-2015-2019-v2020-11.xls": {},
    "nbs/v2023-last-year-empty.csv": {},
    "nbs/gdp-2006-2024-v2026-03.csv": {},
    "nbs/population-2015-2024.csv": {},
    "nbs/RenJiyi-1.csv": {},
    "nbs/RenJiyi-2.csv": {},
    "nbs/province-panel-2005-2024.csv": {},
    **{f"nbs/rd-bulletin/raw-{name}.xlsx": {"labels": {"time_period": period}} for name, period in _BULLETINS.items()},
    **{f"nbs/rd-bulletin/tidy-{period}.xlsx": {} for period in ("2011", "2015", "2019", "2023")},
    **{f"nbs/patents/authority-tidy-{period}.xlsx": {} for period in ("2011", "2019", "2023")},
}
REFUSED: dict[str, type[DatazonesError]] = {
    "nbs/patents/authority-raw-2019.xls": ResponseMalformed,
    "nbs/rd-bulletin/2018.html": ResponseMalformed,
    "nbs/fsnd-indicator-catalogue-2017.tsv": ResponseMalformed,
}
_CODES = {
    **dict(zip(("北京", "天津", "河北", "山西", "内蒙古"), range(11, 16), strict=True)),
    **dict(zip(("辽宁", "吉林", "黑龙江"), range(21, 24), strict=True)),
    **dict(zip(("上海", "江苏", "浙江", "安徽", "福建", "江西", "山东"), range(31, 38), strict=True)),
    **dict(zip(("河南", "湖北", "湖南", "广东", "广西", "海南"), range(41, 47), strict=True)),
    **dict(zip(("重庆", "四川", "贵州", "云南", "西藏"), range(50, 55), strict=True)),
    **dict(zip(("陕西", "甘肃", "青海", "宁夏", "新疆"), range(61, 66), strict=True)),
}
_Row = tuple[str, str, float | None, str | None]


def observations(path: Path) -> list[_Row]:
    grid = {".csv": _csv, ".xlsx": _xlsx, ".xls": _xls}[path.suffix](path)
    if grid[0][0] == "province":
        return [_row(zb, reg, period, figure) for reg, period, _, figure, _, zb in grid[1:]]
    if "年份" in grid[0]:
        cells = (dict(zip(grid[0], row, strict=True)) for row in grid[1:])
        return [_row(zb, row["地区"], row["年份"], row[zb]) for row in cells for zb in grid[0][2:] if row[zb]]
    if "rd-bulletin" in str(path):
        period = _BULLETINS[path.stem.removeprefix("raw-")]
        return [
            _row(zb, row[0], period, cell) for row in grid[1:] for zb, cell in zip(grid[0][1:], row[1:], strict=True)
        ]
    return list(_export(grid))


def _export(grid: list[list[str]]) -> Iterator[_Row]:
    zb = "_U"
    header: list[str] = []
    for row in grid:
        first = row[0] if row else ""
        if first.startswith("指标："):
            zb = first.removeprefix("指标：").rpartition("(")[0]
        elif first == "地区":
            header = row
        elif header and _code(first) != first:
            for period, cell in zip(header[1:], row[1:], strict=True):
                if cell:
                    yield _row(zb, first, period.removesuffix("年"), cell)


def _row(zb: str, reg: str, period: str, figure: str) -> _Row:
    return f"A.{zb}.{_code(reg)}", period, float(figure) if figure else None, None


def _code(reg: str) -> str:
    return next((f"{code}0000" for name, code in _CODES.items() if reg.startswith(name)), reg)


def _csv(path: Path) -> list[list[str]]:
    body = path.read_bytes()
    text = body.decode("utf-8-sig") if body.startswith(b"\xef\xbb\xbf") else body.decode("gb18030")
    return list(csv.reader(io.StringIO(text, newline="")))


def _xlsx(path: Path) -> list[list[str]]:
    names = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(path) as archive:
        shared = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        strings = ["".join(part.text or "" for part in each.iter(f"{{{names['m']}}}t")) for each in shared]
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    grid: list[list[str]] = []
    for row in sheet.iterfind(".//m:row", names):
        cells = {str(cell.get("r")).rstrip("0123456789"): cell for cell in row.iterfind("m:c", names)}
        grid.append(
            [
                _xlsx_cell(cells.get(column), strings, names)
                for column in "ABCDEF"[: len(grid[0]) if grid else len(cells)]
            ]
        )
    return grid


def _xlsx_cell(cell: ElementTree.Element | None, strings: list[str], names: dict[str, str]) -> str:
    text = cell.findtext("m:v", "", names) if cell is not None else ""
    return strings[int(text)] if text and cell is not None and cell.get("t") == "s" else text


def _xls(path: Path) -> list[list[str]]:
    """BIFF8: the shared strings, and the records of text, of doubles and of numbers packed into four bytes."""
    strings: list[str] = []
    cells: dict[tuple[int, int], str] = {}
    for kind, data in _records(_workbook_stream(path.read_bytes())):
        if kind == 0x00FC:
            strings = list(_strings(data))
        elif kind in (0x00FD, 0x0203, 0x027E):
            row, column = struct.unpack_from("<HH", data)
            cells[row, column] = _xls_cell(kind, data[6:], strings)
        elif kind == 0x00BD:
            row, first = struct.unpack_from("<HH", data)
            for nth in range((len(data) - 6) // 6):
                cells[row, first + nth] = _packed(data[6 + 6 * nth : 10 + 6 * nth])
    width = 1 + max(column for _, column in cells)
    return [
        [cells.get((row, column), "") for column in range(width)] for row in range(1 + max(row for row, _ in cells))
    ]


def _xls_cell(kind: int, data: bytes, strings: list[str]) -> str:
    if kind == 0x00FD:
        return strings[int.from_bytes(data, "little")]
    return repr(struct.unpack("<d", data)[0]) if kind == 0x0203 else _packed(data)


def _packed(data: bytes) -> str:
    number = int.from_bytes(data, "little", signed=True)
    whole = number >> 2 if number & 2 else struct.unpack("<d", b"\0\0\0\0" + struct.pack("<i", number & ~3))[0]
    return repr(whole / 100 if number & 1 else whole)


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _strings(data: bytes) -> Iterator[str]:
    at = 8
    while at < len(data):
        count, wide = struct.unpack_from("<HB", data, at)
        size = count * (2 if wide & 1 else 1)
        yield data[at + 3 : at + 3 + size].decode("utf-16-le" if wide & 1 else "latin-1")
        at += 3 + size


def _workbook_stream(body: bytes) -> bytes:
    """The sectors of the stream named Workbook, in the order that the allocation table gives."""
    size = 1 << struct.unpack_from("<H", body, 30)[0]
    sectors = [body[at : at + size] for at in range(size, len(body), size)]
    table = [
        following
        for nth in struct.unpack_from("<109I", body, 76)
        if nth < len(sectors)
        for following in struct.unpack(f"<{size // 4}I", sectors[nth])
    ]
    directory = _chain(struct.unpack_from("<I", body, 48)[0], table, sectors)
    for at in range(0, len(directory), 128):
        entry = directory[at : at + 128]
        if entry[:16].decode("utf-16-le") == "Workbook":
            start, length = struct.unpack_from("<II", entry, 116)
            return _chain(start, table, sectors)[:length]
    raise AssertionError("no workbook")


def _chain(nth: int, table: list[int], sectors: list[bytes]) -> bytes:
    found = b""
    while nth < len(sectors):
        found += sectors[nth]
        nth = table[nth]
    return found
