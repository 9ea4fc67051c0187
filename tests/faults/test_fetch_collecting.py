"""All answers of a feed: pages of one state, deferred answers waited for, held ones not asked for twice."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datazones import dialects
from datazones.errors import CatalogueInvalid, PagesShifted, ProviderRefused, ProviderUnavailable, ResponseMalformed
from datazones.model import Request
from datazones.transport import Answer, collect, request_key
from tests.faults.asking import HOST, NOW, QUESTION, provider
from tests.faults.rawserver import Reply, head, whole
from tests.shelf import Shelf


def page(number: int, pages: int, lastupdated: str = "2026-03-01", rows: int = 2) -> bytes:
    """A page of the World Bank's, `rows` rows each."""
    header = {"page": number, "pages": pages, "per_page": rows, "total": pages * rows, "lastupdated": lastupdated}
    row = {
        "indicator": {"id": "NY.GDP.MKTP.CD", "value": "GDP"},
        "country": {"id": "CN", "value": "China"},
        "countryiso3code": "CHN",
        "value": 1.5,
        "unit": "",
        "obs_status": "",
        "decimal": 0,
    }
    return json.dumps([header, [{**row, "date": str(2000 + number * rows + at)} for at in range(rows)]]).encode()


def asked_page(request: bytes) -> int:
    found = re.search(rb"[?&]page=(\d+)", request)
    return int(found[1]) if found else 1


def serving(pages: int, state: Callable[[int], str] = lambda _calls: "2026-03-01") -> Callable[[bytes], Reply]:
    calls = 0

    def reply(request: bytes) -> Reply:
        nonlocal calls
        calls += 1
        return whole(page(asked_page(request), pages, state(calls)))

    return reply


def test_every_page_is_kept_in_its_order_with_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    shelf = Shelf()
    with provider(serving(4)) as (server, transport):
        landed = collect(transport, [QUESTION], "worldbank_json", keep=shelf.keep)
    assert shelf.texts(landed) == [page(number, 4) for number in (1, 2, 3, 4)]
    numbers = [each.request_key.partition("?page=")[2].partition("&")[0] for each in landed]
    assert numbers == ["", "2", "3", "4"]
    assert {each.retrieved_at for each in landed} == {NOW}
    lines = [record.getMessage() for record in caplog.records if record.name == "datazones.transport"]
    assert len(lines) == 1
    assert lines[0].startswith(f"asked {HOST}: 1 questions, 4 answers (0 not modified), ")


def test_pages_that_shift_are_asked_again_from_the_first() -> None:
    shelf = Shelf()
    with provider(serving(3, lambda calls: "2026-03-01" if calls <= 2 else "2026-04-01")) as (server, transport):
        landed = collect(transport, [QUESTION], "worldbank_json", keep=shelf.keep)
    assert shelf.texts(landed) == [page(number, 3, "2026-04-01") for number in (1, 2, 3)]
    assert len(server.asked) == 6


def test_pages_that_never_come_to_rest_are_no_answer() -> None:
    with provider(serving(2, lambda calls: f"2026-03-{calls:02}")) as (server, transport), pytest.raises(PagesShifted):
        collect(transport, [QUESTION], "worldbank_json", keep=Shelf().keep)
    assert len(server.asked) == 6


@pytest.mark.parametrize("wrong", [1, 3], ids=["a page twice and one missing", "a page beyond the end"])
def test_a_page_that_is_another_one_is_noticed(wrong: int) -> None:
    def reply(request: bytes) -> Reply:
        number = asked_page(request)
        return whole(page(wrong if number == 2 else number, 2))

    with provider(reply) as (server, transport), pytest.raises(PagesShifted):
        collect(transport, [QUESTION], "worldbank_json", keep=Shelf().keep)


def test_a_failing_page_fails_the_whole_answer() -> None:
    def reply(request: bytes) -> Reply:
        return whole(b"", 502) if asked_page(request) == 3 else whole(page(asked_page(request), 3))

    with provider(reply) as (server, transport), pytest.raises(ProviderUnavailable):
        collect(transport, [QUESTION], "worldbank_json", keep=Shelf().keep)


def test_an_error_inside_a_200_is_kept_before_it_is_raised() -> None:
    error = b'[{"message":[{"id":"120","key":"Invalid value","value":"The provided parameter value is not valid"}]}]'
    shelf = Shelf()
    with provider([whole(error)]) as (server, transport), pytest.raises(ProviderRefused):
        collect(transport, [QUESTION], "worldbank_json", keep=shelf.keep)
    assert list(shelf.bodies.values()) == [error]


def test_pages_together_take_no_more_than_one_answer_may() -> None:
    cap = len(page(1, 50)) * 3
    with (
        provider(serving(50), inflated_cap_bytes=cap) as (server, transport),
        pytest.raises(ResponseMalformed, match="together"),
    ):
        collect(transport, [QUESTION], "worldbank_json", keep=Shelf().keep)
    assert len(server.asked) == 4


def test_companions_are_asked_for_but_not_followed() -> None:
    aside = Request(f"https://{HOST}/structure", part="structure")
    shelf = Shelf()

    def reply(request: bytes) -> Reply:
        return whole(b"<structure/>") if b"/structure" in request else whole(page(asked_page(request), 2))

    with provider(reply) as (server, transport):
        landed = collect(transport, [aside, QUESTION], "worldbank_json", keep=shelf.keep)
    assert [each.part for each in landed] == ["structure", "data", "data"]


def test_what_is_held_and_not_modified_is_the_answer_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    shelf = Shelf()
    modified = "Tue, 18 Mar 2025 12:00:00 CET"

    def reply(request: bytes) -> Reply:
        if f"if-modified-since: {modified}".encode() in request:
            return Reply(head(304), keep_open=True)
        return whole(page(asked_page(request), 2), headers=[("Last-Modified", modified)])

    with provider(reply) as (server, transport):
        first = collect(transport, [QUESTION], "worldbank_json", keep=shelf.keep)
        again = collect(transport, [QUESTION], "worldbank_json", keep=shelf.keep, held=shelf.held)
        third = collect(transport, [QUESTION], "worldbank_json", keep=shelf.keep, held=shelf.held)
    digests = [[each.digest for each in landed] for landed in (first, again, third)]
    assert digests[0] == digests[1] == digests[2]
    assert server.asked[4].count(b"if-modified-since") == 1
    assert "2 answers (2 not modified)" in caplog.text


def test_pages_that_shifted_are_not_asked_for_conditionally_the_second_time() -> None:
    shelf = Shelf()

    def reply(request: bytes) -> Reply:
        number = asked_page(request)
        if b"if-none-match" in request and number == 1:
            return Reply(head(304), keep_open=True)
        return whole(page(number, 2, "2026-04-01"), headers=[("ETag", '"new"')])

    old = [("", 1), ("page", 2)]
    for name, number in old:
        params = (*QUESTION.params, (name, str(number))) if name else QUESTION.params
        answer = Answer(200, {"etag": '"old"'}, page(number, 2, "2026-03-01"), NOW)
        shelf.keep(Request(QUESTION.url, params), answer)
    with provider(reply) as (server, transport):
        landed = collect(transport, [QUESTION], "worldbank_json", keep=shelf.keep, held=shelf.held)
    assert shelf.texts(landed) == [page(number, 2, "2026-04-01") for number in (1, 2)]


def test_nothing_found_is_kept_as_an_answer_of_no_bytes() -> None:
    replies = [whole(b"NoRecordsFound", 404), whole(page(1, 1))]
    other = Request(f"https://{HOST}/other")
    with provider(replies) as (server, transport):
        landed = collect(transport, [QUESTION, other], "worldbank_json", keep=Shelf().keep)
    assert [each.size for each in landed] == [0, len(page(1, 1))]


DEFERRING = '''
"""A dialect whose provider prepares large answers: 'later N' names the url of the answer, or of a further promise."""

from dataclasses import replace


def recognises(head):
    return head.startswith(b"later ")


def read(body, hints):
    yield from ()


def following(request, body):
    words = body.decode().split()
    if words[:1] != ["later"]:
        return ()
    return tuple(replace(request, url=url, params=(), after_s=float(words[1])) for url in words[2:])
'''


@pytest.fixture
def deferring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One more file in the folder of dialects, which is all it takes."""
    (tmp_path / "a_deferring_one.py").write_text(DEFERRING)
    monkeypatch.setattr(dialects, "__path__", [*dialects.__path__, str(tmp_path)])
    dialects.names.cache_clear()
    yield "a_deferring_one"
    dialects.names.cache_clear()


def later(seconds: float, *paths: str) -> Reply:
    return whole(" ".join(["later", str(seconds), *(f"https://{HOST}{path}" for path in paths)]).encode())


def test_a_deferred_answer_is_asked_for_until_it_is_there_and_kept_under_its_question(deferring: str) -> None:
    shelf = Shelf()
    replies = [later(0.05, "/status"), later(0.05, "/status"), later(0.0, "/file"), whole(b"data")]
    with provider(replies) as (server, transport):
        landed = collect(transport, [QUESTION], deferring, keep=shelf.keep)
    assert shelf.texts(landed) == [b"data"]
    assert landed[0].request_key == request_key(QUESTION)
    paths = [request.split(b" ")[1].removeprefix(b"/api.example.org") for request in server.asked]
    assert paths == [b"/v2/figures?per_page=1000", b"/status", b"/status", b"/file"]


def test_an_answer_that_comes_in_several_files_is_all_of_them(deferring: str) -> None:
    shelf = Shelf()
    replies = [later(0.0, "/one", "/two"), whole(b"1"), later(0.0, "/two/b"), whole(b"2")]
    with provider(replies) as (server, transport):
        landed = collect(transport, [QUESTION], deferring, keep=shelf.keep)
    assert shelf.texts(landed) == [b"1", b"2"]
    assert [each.request_key for each in landed] == [f"GET https://{HOST}/one", f"GET https://{HOST}/two"]


def test_a_promise_never_leads_out_of_encryption(deferring: str) -> None:
    replies = [whole(f"later 0 http://{HOST}/one http://{HOST}/two".encode()), whole(b"1"), whole(b"2")]
    with provider(replies) as (server, transport):
        landed = collect(transport, [QUESTION], deferring, keep=Shelf().keep)
    assert [each.request_key for each in landed] == [f"GET https://{HOST}/one", f"GET https://{HOST}/two"]


def test_a_file_that_is_not_there_yet_is_looked_for_again_and_any_other_refusal_ends_it(deferring: str) -> None:
    replies = [later(0.0, "/file"), whole(b"", 404), whole(b"", 404), whole(b"data")]
    with provider(replies) as (server, transport):
        assert len(collect(transport, [QUESTION], deferring, keep=Shelf().keep)) == 1
    with provider([later(0.0, "/file"), whole(b"", 403)]) as (server, transport), pytest.raises(ProviderRefused):
        collect(transport, [QUESTION], deferring, keep=Shelf().keep)
    assert len(server.asked) == 2


def test_an_answer_that_is_never_ready_is_unavailable_and_not_asked_for_without_pause(deferring: str) -> None:
    begun = time.monotonic()
    with (
        provider([later(0.0, "/status")]) as (server, transport),
        pytest.raises(ProviderUnavailable, match="still not ready after 0.7 s"),
    ):
        collect(transport, [QUESTION], deferring, keep=Shelf().keep, patience_s=0.7)
    assert time.monotonic() - begun < 2
    assert 3 <= len(server.asked) <= 6


def test_a_promise_of_another_host_is_not_followed(deferring: str) -> None:
    reply = whole(b"later 0 https://evil.example/file")
    with provider([reply]) as (server, transport), pytest.raises(CatalogueInvalid, match="evil.example"):
        collect(transport, [QUESTION], deferring, keep=Shelf().keep)
    assert len(server.asked) == 1
