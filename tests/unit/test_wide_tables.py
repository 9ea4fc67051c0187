"""What dialects of wide tables and archives share: cutting into pieces, unzipping within bounds, strict JSON."""

from __future__ import annotations

import io
import zipfile

import polars as pl
import pytest

from datazones.dialects import _wide, _zipped
from datazones.dialects._wire import header_of, json_of
from datazones.errors import ResponseMalformed

ROWS = [f'"a ""{nth}"", b\nc",{nth},"{nth * 7}"\r\n' for nth in range(40)]
TABLE = ('"name","1","2"\r\n' + "".join(ROWS)).encode()


@pytest.mark.parametrize("piece", [1, 20, 21, 22, 100, 10_000])
def test_a_table_cut_anywhere_is_the_same_table(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = _wide.tables(TABLE, 0, "table")
    monkeypatch.setattr(_wide, "PIECE", piece)
    pieces = list(_wide.tables(TABLE, 0, "table"))
    assert len(pieces) > 1 or piece == 10_000
    assert pl.concat(pieces).equals(whole)
    assert whole.height == len(ROWS)


def test_figures_come_series_by_series_in_the_order_of_the_table() -> None:
    table = pl.DataFrame({"name": ["a", "b"], "2024": ["1", ""], "2023": ["2", "3"]})
    found = _wide.figures(table, ["2024", "2023"], ("",))
    assert found.rows() == [("a", "2024", "1"), ("a", "2023", "2"), ("b", "2023", "3")]


def test_a_header_that_does_not_come_is_not_looked_for_for_ever() -> None:
    with pytest.raises(ResponseMalformed):
        _wide.parted(b"line\n" * 1_000, "table", lambda cells: "name" in cells)


def archive(compression: int = zipfile.ZIP_DEFLATED, **inside: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as writing:
        for name, body in inside.items():
            writing.writestr(name, body)
    return written.getvalue()


def test_the_files_of_an_archive_are_told_by_its_first_bytes_and_read_whole() -> None:
    body = archive(one=b"1" * 1_000, two=b"2")
    assert _zipped.names(body) == ["one", "two"]
    assert _zipped.files(body, "zip") == {"one": b"1" * 1_000, "two": b"2"}
    assert _zipped.names(b"plain text") == []


def test_a_zip_bomb_is_refused_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zipped, "FREELY_INFLATED", 1 << 20)
    with pytest.raises(ResponseMalformed, match="beyond reason"):
        _zipped.files(archive(bomb=b"\0" * (8 << 20)), "zip")
    with pytest.raises(ResponseMalformed, match="beyond reason"):
        _zipped.files(archive(**{f"part{nth}": b"\0" * (1 << 18) for nth in range(40)}), "zip")


def test_an_archive_of_too_many_or_doubled_names_is_refused() -> None:
    with pytest.raises(ResponseMalformed, match="files"):
        _zipped.files(archive(**{f"file{nth}": b"" for nth in range(101)}), "zip")
    doubled = archive(aa=b"1", ab=b"2").replace(b"ab", b"aa")
    with pytest.raises(ResponseMalformed, match="names"):
        _zipped.files(doubled, "zip")


def test_a_changed_byte_in_an_archive_is_never_a_changed_figure() -> None:
    body = archive(table=b"1.5,2.5,3.5\n" * 50)
    for at in range(len(body)):
        broken = body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]
        try:
            found = _zipped.files(broken, "zip")
        except ResponseMalformed:
            continue
        assert set(found.values()) <= {b"1.5,2.5,3.5\n" * 50, b""}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'[{"b":{"a":"x","c":"\\"","a":"x"}}]',
        b"[" * 300 + b"]" * 300,
    ],
)
def test_json_with_a_doubled_key_or_too_deep_is_refused(body: bytes) -> None:
    with pytest.raises(ResponseMalformed):
        json_of(body, "json")


def test_json_with_quotes_and_backslashes_in_its_strings_is_read() -> None:
    body = b'{"a\\\\":"\\\\\\"","b\\"":"\\u0022","c":"\\/","\\u00e9":[{"a":1},{"a":2}]}'
    assert json_of(body, "json") == {"a\\": '\\"', 'b"': '"', "c": "/", "é": [{"a": 1}, {"a": 2}]}


@pytest.mark.parametrize("header", [b'"a,b\n', b"a," + b"b" * 200_000 + b"\n", b"a,a\n", b"\n"])
def test_a_header_that_cannot_be_read_is_refused(header: bytes) -> None:
    with pytest.raises(ResponseMalformed):
        header_of(header, "table")


def test_a_header_of_very_many_columns_is_read_at_once() -> None:
    names = [str(nth) for nth in range(100_000)]
    assert header_of(",".join(names).encode(), "table") == names
