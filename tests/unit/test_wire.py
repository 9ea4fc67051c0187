"""What several wire formats share: encodings, strict CSV, strict JSON, and pieces of large bodies."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datazones.dialects import _wire, recognise
from datazones.dialects._wire import ahead, csv_frame, csv_rows, json_of, line_end, pieces, text_line, utf8
from datazones.errors import ResponseMalformed


@pytest.mark.parametrize(
    "body",
    [
        "figures: 国内".encode(),
        codecs.BOM_UTF8 + "figures: 国内".encode(),
        codecs.BOM_UTF16_LE + "figures: 国内".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "figures: 国内".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "figures: 国内".encode("utf-32-le"),
        codecs.BOM_UTF32_BE + "figures: 国内".encode("utf-32-be"),
    ],
)
def test_a_byte_order_mark_says_the_encoding(body: bytes) -> None:
    assert utf8(body, "test").decode() == "figures: 国内"
    assert text_line(body[:-1]).startswith("figures: 国")


def test_an_encoding_a_provider_is_known_for_is_tried_and_no_other() -> None:
    body = "国内生产总值".encode("gb18030")
    assert utf8(body, "test", fallbacks=["gb18030"]).decode() == "国内生产总值"
    with pytest.raises(ResponseMalformed, match="not UTF-8"):
        utf8(body, "test")


@pytest.mark.parametrize("body", [b"\xff\xfea", codecs.BOM_UTF8 + b"\xff", codecs.BOM_UTF16_LE + b"\x00\xd8a\x00"])
def test_text_that_is_not_what_its_mark_says_is_refused(body: bytes) -> None:
    with pytest.raises(ResponseMalformed):
        utf8(body, "test")


@pytest.mark.parametrize("length", [3, 4, 5, 6, 7])
def test_a_character_cut_by_a_step_is_whole_and_one_cut_by_the_end_is_not(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wire, "_STEP", length)
    body = "aé国𝄞é".encode()
    assert utf8(body, "test") == body
    with pytest.raises(ResponseMalformed):
        utf8(body[:-1], "test")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n1,2\n",
        b"a,a\n1,2\n",
        b"a,b\n1\n",
        b"a,b\n1,2,3\n",
        b"a,b\n1,2,3\n1\n",
        b'a,b\n1,"2\n',
        b'a,b\n1,"2"x\n',
        b'a,b\n1,"2\n"3","4\n"\n',
        b'a,b\n1,2"3\n4,"5"\n6,7"\n',
        b"a,b\n1,2\n\n3,4\n",
        b"a,b\n1,\xff\n",
        b'"a,b\n1,2\n',
    ],
)
def test_a_table_that_does_not_hold_together_is_refused(body: bytes) -> None:
    with pytest.raises(ResponseMalformed):
        csv_frame(body, "test")


def test_an_empty_cell_is_an_empty_text_or_null_as_asked() -> None:
    assert csv_frame(b'a,b\r\n,""\r\n', "test").rows() == [("", "")]
    assert csv_rows(b"1,\r\n", ["a", "b"], "test", empty=None).rows() == [("1", None)]
    assert csv_rows(b"\r\n", ["a", "b"], "test").shape == (0, 2)


cells = st.text(st.sampled_from('ab,"\n;é1 '), max_size=6)
tables = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1))


def _written(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


@settings(deadline=None)
@given(tables)
def test_what_was_written_as_csv_is_read_cell_by_cell(rows: list[list[str]]) -> None:
    names = [f"c{nth}" for nth in range(len(rows[0]))]
    assert [list(row) for row in csv_rows(_written(rows), names, "test").iter_rows()] == rows


@settings(deadline=None)
@given(tables, st.integers(1, 40))
def test_pieces_end_where_rows_do_and_leave_nothing_out(rows: list[list[str]], size: int) -> None:
    body = _written(rows)
    names = [f"c{nth}" for nth in range(len(rows[0]))]
    parts = list(pieces(body, 0, size))
    assert b"".join(parts) == body
    read = [list(row) for part in parts for row in csv_rows(part, names, "test").iter_rows()]
    assert read == rows


def test_nothing_is_one_empty_piece() -> None:
    assert list(pieces(b"header\n", line_end(b"header\n"), 10)) == [b""]


def test_working_ahead_changes_neither_the_order_nor_the_error() -> None:
    def steps() -> Iterator[int]:
        yield from (1, 2, 3)
        raise ResponseMalformed("test", found="x", expected="y", next_step="z")

    waiting = ahead(steps())
    assert [next(waiting), next(waiting), next(waiting)] == [1, 2, 3]
    with pytest.raises(ResponseMalformed):
        next(waiting)
    assert list(ahead(iter([1, 2, 3]))) == [1, 2, 3]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
        b'{"a": 1, "a": 2}',
        b'{"a": "\xff"}',
        b"{} {}",
    ],
)
def test_json_that_would_lose_something_is_refused(body: bytes) -> None:
    with pytest.raises(ResponseMalformed):
        json_of(body, "test")


def test_json_with_quotes_in_its_strings_is_read() -> None:
    assert json_of(b'{"a\\"b": "c\\\\", "d": ["\\\\\\""]}', "test") == {'a"b': "c\\", "d": ['\\"']}


@pytest.mark.parametrize(
    ("body", "found", "next_step"),
    [
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "a web page", "a login"),
        (codecs.BOM_UTF8 + b"<HTML><h1>502 Bad Gateway</h1>", "a web page", "an error page"),
        (b" \n", "nothing at all", "ask again"),
        (b"PK\x03\x04", "no dialect knows", "name the dialect"),
    ],
)
def test_what_no_dialect_knows_is_told_from_what_holds_no_data(body: bytes, found: str, next_step: str) -> None:
    with pytest.raises(ResponseMalformed) as raised:
        recognise(body)
    assert found in raised.value.found
    assert next_step in raised.value.next_step
