"""What the simulator does wrong when it is told to, and how much it makes up when it is told to."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse, IncompleteRead, RemoteDisconnected
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from datazones import dialects
from datazones.errors import PagesShifted
from infra.simulator.server import serving

NOW = "2020-12-01T00:00:00Z"
PATH = "/api.worldbank.org/v2/country/CHN;USA/indicator/NY.GDP.MKTP.CD?format=json&per_page=50"


class Got(NamedTuple):
    """An answer as it came over the wire; nothing is inflated, followed or retried."""

    status: int
    headers: dict[str, str]
    body: bytes


class Base:
    """The simulator, asked without any help of a client library."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url).netloc

    def open(self, path: str, method: str = "GET", body: bytes | None = None) -> HTTPResponse:
        connection = HTTPConnection(self._place, timeout=10)
        connection.request(method, path, body)
        return connection.getresponse()

    def get(self, path: str = PATH) -> Got:
        answer = self.open(path)
        return Got(answer.status, dict(answer.getheaders()), answer.read())

    def script(self, *rules: object) -> Got:
        answer = self.open("/_script", "POST", json.dumps(rules).encode())
        return Got(answer.status, {}, answer.read())


@pytest.fixture
def base() -> Iterator[Base]:
    with serving(NOW) as url:
        yield Base(url)


def test_a_fault_meets_the_questions_it_is_matched_with_as_often_as_it_is_told(base: Base) -> None:
    base.script({"match": "page=2", "fault": "status", "code": 503, "times": 2})
    paths = [PATH, f"{PATH}&page=2", f"{PATH}&page=2", f"{PATH}&page=2"]
    assert [base.get(path).status for path in paths] == [200, 503, 503, 200]
    noted = json.loads(base.get("/_requests").body)["requests"]
    assert [each["faults"] for each in noted] == [[], ["status"], ["status"], []]


def test_a_fault_without_a_number_lasts_until_the_script_is_replaced(base: Base) -> None:
    base.script({"match": "GET", "fault": "html_page"})
    assert {base.get().status for _ in range(3)} == {502}
    base.script()
    assert base.get().status == 200


@pytest.mark.parametrize("wait", ["2", "0", "120", "1e9", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", ""])
def test_a_limit_may_ask_for_any_wait_word_for_word(base: Base, wait: str) -> None:
    base.script({"match": "v2", "fault": "rate_limited", "wait": wait})
    got = base.get()
    assert (got.status, got.headers["Retry-After"], got.body) == (429, wait, b"")


def test_a_limit_may_ask_for_a_wait_by_date_or_for_none(base: Base) -> None:
    base.script({"match": "v2", "fault": "rate_limited", "wait_s": 90, "times": 1}, {"match": "v2", "fault": "slow"})
    asked = parsedate_to_datetime(base.get().headers["Retry-After"])
    assert 80 < (asked - datetime.now(UTC)).total_seconds() <= 90
    base.script({"match": "v2", "fault": "rate_limited", "code": 503})
    assert "Retry-After" not in base.get().headers


def test_a_page_may_come_with_200(base: Base) -> None:
    base.script({"match": "v2", "fault": "html_page", "code": 200, "title": "Access verification"})
    got = base.get()
    assert (got.status, got.headers["Content-Type"]) == (200, "text/html")
    assert b"Access verification" in got.body


def test_nothing_may_have_changed(base: Base) -> None:
    base.script({"match": "v2", "fault": "status", "code": 304, "headers": {"ETag": '"a"'}})
    got = base.get()
    assert (got.status, got.body, got.headers["ETag"]) == (304, b"", '"a"')


@pytest.mark.parametrize("at", [0, 1, 500, -1])
def test_a_body_may_be_cut_at_any_byte_though_its_whole_length_was_promised(base: Base, at: int) -> None:
    whole = base.get().body
    base.script({"match": "v2", "fault": "cut", "at": at})
    with pytest.raises(IncompleteRead) as cut:
        base.open(PATH).read()
    assert cut.value.partial == whole[:at]
    assert cut.value.expected == len(whole) - len(whole[:at])


def test_a_connection_may_end_before_a_word_is_said(base: Base) -> None:
    base.script({"match": "v2", "fault": "hang_up", "times": 1})
    with pytest.raises(RemoteDisconnected):
        base.get()
    assert base.get().status == 200


def test_a_body_may_be_gzip_that_no_header_tells_of(base: Base) -> None:
    whole = base.get().body
    base.script({"match": "v2", "fault": "gzipped", "declared": False, "members": 3})
    got = base.get()
    assert "Content-Encoding" not in got.headers
    assert got.body.count(b"\x1f\x8b\x08") >= 3
    assert gzip.decompress(got.body) == whole


def test_faults_meet_in_the_order_of_the_script(base: Base) -> None:
    base.script({"match": "v2", "fault": "padded", "size": 10_000_000}, {"match": "v2", "fault": "gzipped"})
    got = base.get()
    assert got.headers["Content-Encoding"] == "gzip"
    assert len(got.body) < 20_000
    assert len(gzip.decompress(got.body)) > 10_000_000


def test_a_content_type_may_lie_or_be_absent(base: Base) -> None:
    base.script({"match": "v2", "fault": "header", "name": "Content-Type", "said": "text/xml"})
    assert base.get().headers["Content-Type"] == "text/xml"
    base.script({"match": "v2", "fault": "header", "name": "Content-Type"})
    assert "Content-Type" not in base.get().headers


def test_an_answer_may_say_nothing_for_a_while_and_then_drip(base: Base) -> None:
    whole = base.get().body
    base.script({"match": "v2", "fault": "slow", "pause_s": 0.2, "bytes_per_s": len(whole) * 4})
    began = time.monotonic()
    assert base.get().body == whole
    assert 0.4 < time.monotonic() - began < 5


def test_an_asker_that_leaves_a_slow_answer_harms_nobody(base: Base) -> None:
    base.script({"match": "v2", "fault": "slow", "bytes_per_s": 1000, "times": 1})
    base.open(PATH).close()
    assert base.get().status == 200


def test_a_code_may_be_renamed_and_an_encoding_changed(base: Base) -> None:
    base.script(
        {"match": "v2", "fault": "replaced", "old": '"CHN"', "new": '"CH1"'},
        {"match": "v2", "fault": "recoded", "encoding": "utf-16"},
    )
    assert '"countryiso3code":"CH1"' in base.get().body.decode("utf-16")


def test_pages_may_shift_between_two_states_of_the_table(base: Base) -> None:
    base.script({"match": "page=2", "fault": "as_of", "now": "2024-11-01T00:00:00Z"})
    bodies = [base.get().body, base.get(f"{PATH}&page=2").body]
    with pytest.raises(PagesShifted):
        dialects.whole("worldbank_json", bodies)


def test_a_question_may_be_taken_for_another(base: Base) -> None:
    first = base.get().body
    base.script({"match": "page=2", "fault": "mistaken", "name": "page", "said": "1"})
    assert base.get(f"{PATH}&page=2").body == first


def test_text_may_be_rewritten_inside_a_zip_and_in_any_encoding(base: Base) -> None:
    rule = {"match": "GET", "fault": "rewritten", "pattern": "(?<!\\d)201[67](?!\\d)", "into": "1999", "first": True}
    base.script(rule)
    with zipfile.ZipFile(io.BytesIO(base.get("/data.bis.org/static/bulk/WDI_csv_col.zip").body)) as archive:
        assert b",2015,1999,2017" in archive.read(archive.namelist()[0])
    export = base.get("/data.stats.gov.cn/export/fsnd/A020101.csv").body.decode("gb18030")
    assert "2018年,1999年,2016年" in export


def test_a_body_may_end_early_and_say_so_or_have_one_bit_wrong(base: Base) -> None:
    whole = base.get().body
    base.script({"match": "v2", "fault": "shortened", "at": -7}, {"match": "v2", "fault": "flipped", "at": 3})
    got = base.get()
    assert got.headers["Content-Length"] == str(len(whole) - 7)
    assert [at for at, byte in enumerate(got.body) if byte != whole[at]] == [3]


@pytest.mark.parametrize(("fault", "told"), [("chunked", {"Transfer-Encoding": "chunked"}), ("unframed", {})])
def test_a_length_may_be_left_out(base: Base, fault: str, told: dict[str, str]) -> None:
    whole = base.get().body
    base.script({"match": "v2", "fault": fault})
    got = base.get()
    assert got.body == whole
    assert {name: said for name, said in got.headers.items() if name in ("Content-Length", "Transfer-Encoding")} == told


def test_chunks_may_break_off_and_a_connection_be_reset(base: Base) -> None:
    base.script({"match": "v2", "fault": "chunked"}, {"match": "v2", "fault": "cut", "at": 100})
    with pytest.raises(IncompleteRead) as cut:
        base.get()
    assert len(cut.value.partial) <= 100
    base.script({"match": "v2", "fault": "cut", "at": 100, "reset": True})
    with pytest.raises((ConnectionResetError, IncompleteRead)):
        base.get()


def test_a_body_may_have_no_end(base: Base) -> None:
    base.script({"match": "v2", "fault": "endless"})
    answer = base.open(PATH)
    assert len(answer.read(1_000_000)) == 1_000_000
    answer.close()


def test_bytes_may_be_of_no_encoding(base: Base) -> None:
    base.script({"match": "v2", "fault": "mangled"})
    with pytest.raises(UnicodeDecodeError):
        base.get().body.decode()


@pytest.mark.parametrize(
    "rule",
    [
        {},
        [],
        "cut",
        {"match": "v2", "fault": "explode"},
        {"match": "v2", "fault": "cut"},
        {"match": "v2", "fault": "cut", "at": 1, "speed": 2},
        {"match": "(", "fault": "hang_up"},
        {"match": "v2", "fault": "hang_up", "times": "twice"},
    ],
)
def test_a_rule_that_is_none_is_refused_and_the_script_stays(base: Base, rule: object) -> None:
    base.script({"match": "v2", "fault": "hang_up", "times": 1})
    assert base.script(rule).status == 400
    assert json.loads(base.get("/_script").body) == [{"match": "v2", "fault": "hang_up", "times": 1}]


@pytest.fixture
def large() -> Iterator[Base]:
    with serving(NOW, volume=3) as url:
        yield Base(url)


def series(base: Base, indicator: str, **asked: str) -> list[dict[str, object]]:
    more = "".join(f"&{name}={text}" for name, text in asked.items())
    path = f"/api.worldbank.org/v2/country/all/indicator/{indicator}?format=json&per_page=20000{more}"
    rows: list[dict[str, object]] = json.loads(base.get(path).body)[1]
    return rows


def test_made_up_indicators_fill_as_many_pages_as_a_real_one(large: Base) -> None:
    rows = series(large, "SIM.VOLUME.0003")
    assert len(rows) == 266 * 60
    missing = sum(row["value"] is None for row in rows)
    assert 0.15 < missing / len(rows) < 0.25
    assert rows == series(large, "SIM.VOLUME.0003")


def test_some_made_up_figures_are_revised_later(large: Base) -> None:
    before = series(large, "SIM.VOLUME.0001", date="2019")
    large.open("/_clock", "POST", b'{"now": "2024-12-01T00:00:00Z"}').read()
    after = series(large, "SIM.VOLUME.0001", date="2019")
    revised = sum(old["value"] != new["value"] for old, new in zip(before, after, strict=True))
    assert 0 < revised < len(before) / 4


def test_published_figures_are_the_same_beside_made_up_ones(base: Base, large: Base) -> None:
    asked = PATH.replace("?", "?date=2010:2017&")
    assert large.get(asked).body == base.get(asked).body
