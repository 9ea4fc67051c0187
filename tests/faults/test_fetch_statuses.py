"""What the provider may say besides 200, and how often it is asked again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datazones.errors import (
    CatalogueInvalid,
    DatazonesError,
    Permanent,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    ResponseMalformed,
    Transient,
)
from datazones.model import Request
from tests.faults.asking import HOST, NOW, QUESTION, provider, transport_to
from tests.faults.rawserver import RawServer, Reply, head, whole

STATUSES: dict[int, type[DatazonesError]] = {
    201: ResponseMalformed,
    202: ProviderUnavailable,
    206: ResponseMalformed,
    300: ResponseMalformed,
    304: ProviderUnavailable,
    400: ProviderRefused,
    401: ProviderRefused,
    403: ProviderRefused,
    404: ProviderRefused,
    406: ProviderRefused,
    408: ProviderUnavailable,
    410: ProviderRefused,
    413: ProviderRefused,
    414: ProviderRefused,
    422: ProviderRefused,
    429: RateLimited,
    451: ProviderRefused,
    500: ProviderUnavailable,
    501: ProviderUnavailable,
    502: ProviderUnavailable,
    503: ProviderUnavailable,
    504: ProviderUnavailable,
    599: ProviderUnavailable,
    999: ProviderUnavailable,
}


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
def test_every_status_is_an_error_of_its_kind(status: int, error: type[DatazonesError]) -> None:
    body = b"" if status == 304 else b"no such figures"
    with provider([whole(body, status=status)]) as (server, transport), pytest.raises(error) as raised:
        transport.ask(QUESTION)
    assert str(status) in raised.value.found
    assert body.decode() in raised.value.found or status == 304


@pytest.mark.parametrize("status", [200, 203])
def test_an_answer_is_all_that_came_with_it(status: int) -> None:
    headers = [("ETag", 'W/"abc"'), ("X-Twice", "a"), ("X-Twice", "b")]
    with provider([whole(b"\xef\xbb\xbfdata", status, headers)]) as (server, transport):
        answer = transport.ask(QUESTION)
    assert (answer.status, answer.body, answer.retrieved_at) == (status, b"\xef\xbb\xbfdata", NOW)
    assert answer.headers == {"content-length": "7", "etag": 'W/"abc"', "x-twice": "a, b"}
    assert not answer.not_modified


def test_an_interim_answer_is_not_the_answer() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    wire = Reply(early + head(headers=[("Content-Length", "4")]) + b"data")
    with provider([wire]) as (server, transport):
        assert transport.ask(QUESTION).body == b"data"


def test_the_question_says_who_asks_and_sends_the_feeds_own_headers_and_parameters() -> None:
    asked = Request(f"https://{HOST}/x?c[geo]=ES,FR", (("a", "é"),), headers=(("ACCEPT", "text/csv"), ("X-A", "ü")))
    with provider([whole(b"")]) as (server, transport):
        transport.ask(asked)
    request = server.asked[0]
    assert request.startswith(b"GET /api.example.org/x?c[geo]=ES,FR&a=%C3%A9 HTTP/1.1\r\n")
    assert b"\r\nuser-agent: datazones tests\r\naccept: text/csv\r\n" in request
    assert "\r\nx-a: ü\r\n".encode() in request


def test_the_parameters_of_a_post_are_its_form() -> None:
    asked = Request(f"https://{HOST}/easyquery.htm", (("m", "QueryData"), ("wds", '[{"a":"b&c"}]')), "POST")
    with provider([whole(b"{}")]) as (server, transport):
        transport.ask(asked)
    start, _, form = server.asked[0].partition(b"\r\n\r\n")
    assert start.startswith(b"POST /api.example.org/easyquery.htm HTTP/1.1\r\n")
    assert b"content-type: application/x-www-form-urlencoded" in start
    assert form == b"m=QueryData&wds=%5B%7B%22a%22:%22b%26c%22%7D%5D"


def test_a_header_with_a_line_break_never_leaves() -> None:
    with provider([whole(b"")]) as (server, transport), pytest.raises(CatalogueInvalid):
        transport.ask(Request(QUESTION.url, headers=(("X-A", "b\r\nX-Smuggled: c"),)))
    assert server.asked == []


def test_validators_go_back_byte_by_byte_and_304_is_not_modified() -> None:
    modified, etag = "Tue, 18 Mar 2025 12:00:00 CET", '"caf\xe9"'
    first = whole(b"data", headers=[("Last-Modified", modified), ("ETag", etag)])
    with provider([first, Reply(head(304, [("ETag", etag)]))]) as (server, transport):
        held = transport.ask(QUESTION).headers
        again = transport.ask(QUESTION, etag=held["etag"], last_modified=held["last-modified"])
    assert f"if-modified-since: {modified}\r\n".encode() in server.asked[1]
    assert f"if-none-match: {etag}\r\n".encode("latin-1") in server.asked[1]
    assert again.not_modified
    assert (again.status, again.body) == (304, b"")


ASYNCHRONOUS = {
    "json": b'{"error":{"status":413,"label":"ASYNCHRONOUS_RESPONSE. Your request will be treated soon"}}',
    "json after a mark and a space": b"\xef\xbb\xbf [1]",
    "xml": b'<?xml version="1.0"?><S:Fault xmlns:S="urn:s"><faultcode>413</faultcode></S:Fault>',
}


@pytest.mark.parametrize("body", ASYNCHRONOUS.values(), ids=ASYNCHRONOUS)
def test_a_413_that_the_dialect_can_read_reaches_it(body: bytes) -> None:
    with provider([whole(body, status=413)]) as (server, transport):
        answer = transport.ask(QUESTION)
    assert (answer.status, answer.body) == (413, body)


@pytest.mark.parametrize("body", [b"", b"too large", b"<html><h1>413</h1>", b"<!DOCTYPE html><html>"])
def test_any_other_413_is_a_refusal(body: bytes) -> None:
    with provider([whole(body, status=413)]) as (server, transport), pytest.raises(ProviderRefused):
        transport.ask(QUESTION)


NOTHING = {
    "204": Reply(head(204)),
    "sdmx error 100": whole(b'<mes:Error><mes:ErrorMessage code="100"><c:Text>No results found</c:Text>', 404),
    "sdmx in one word": whole(b"NoRecordsFound", 404),
    "sdmx json": whole(b'{"error":[{"status":404,"id":100,"label":"NO_RESULTS"}]}', 404),
}


@pytest.mark.parametrize("reply", NOTHING.values(), ids=NOTHING)
def test_nothing_found_is_an_answer_of_no_bytes(reply: Reply) -> None:
    with provider([reply]) as (server, transport):
        answer = transport.ask(QUESTION)
    assert answer.body == b""
    assert not answer.not_modified


def test_a_dataflow_that_is_not_there_does_not_look_like_one_that_is_empty() -> None:
    gone = b'{"error":[{"status":404,"id":100,"label":"ERR_NOT_FOUND_4: The dataset X is not found"}]}'
    with (
        provider([whole(gone, status=404)]) as (server, transport),
        pytest.raises(ProviderRefused, match="ERR_NOT_FOUND_4"),
    ):
        transport.ask(QUESTION)


def test_a_transient_failure_is_asked_again_until_there_is_an_answer() -> None:
    replies = [whole(b"", 502), Reply(b"HTTP/1.1 200"), Reply(b"", reset=True), whole(b"", 429), whole(b"data")]
    with provider(replies, attempts=5, deadline_s=3.0) as (server, transport):
        assert transport.ask(QUESTION).body == b"data"
    assert len(server.asked) == 5


@pytest.mark.parametrize("reply", [whole(b"", 400), whole(b"x", headers=[("Content-Encoding", "br")])])
def test_a_permanent_failure_is_asked_once(reply: Reply) -> None:
    with provider([reply], attempts=5) as (server, transport), pytest.raises(Permanent):
        transport.ask(QUESTION)
    assert len(server.asked) == 1


def test_attempts_are_as_many_as_the_manners_say() -> None:
    with provider([whole(b"", 500)], attempts=3, deadline_s=2.0) as (server, transport), pytest.raises(Transient):
        transport.ask(QUESTION)
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("said", ["0.4", "Wed, 01 Apr 2026 12:00:01 GMT"])
def test_a_provider_that_asks_us_to_wait_is_waited_for(status: int, said: str) -> None:
    busy = whole(b"", status, [("Retry-After", said), ("Date", "Wed, 01 Apr 2026 12:00:00 GMT")])
    with provider([busy, whole(b"data")], attempts=2) as (server, transport):
        begun = time.monotonic()
        assert transport.ask(QUESTION).body == b"data"
        assert time.monotonic() - begun >= (0.4 if said == "0.4" else 1.0)


@pytest.mark.parametrize(("said", "seconds"), [("3600", 3600.0), ("99999999999", 366 * 86_400.0), ("4.5", 4.5)])
def test_a_wait_that_is_too_long_is_reported_at_once(said: str, seconds: float) -> None:
    busy = whole(b"", 429, [("Retry-After", said)])
    with provider([busy], attempts=5, longest_wait_s=4.0) as (server, transport):
        begun = time.monotonic()
        with pytest.raises(RateLimited) as raised:
            transport.ask(QUESTION)
        assert time.monotonic() - begun < 1
    assert raised.value.retry_after == seconds
    assert len(server.asked) == 1


def test_a_wait_beyond_the_deadline_is_reported_at_once() -> None:
    busy = whole(b"", 429, [("Retry-After", "3")])
    with provider([busy], attempts=5, deadline_s=2.0) as (server, transport):
        begun = time.monotonic()
        with pytest.raises(RateLimited):
            transport.ask(QUESTION)
        assert time.monotonic() - begun < 1


def test_threads_that_share_a_transport_are_served_one_after_the_other() -> None:
    def reply(request: bytes) -> Reply:
        return whole(request.split(b" ")[1].rpartition(b"/")[2])

    asked = [Request(f"https://{HOST}/{number}") for number in range(40)]
    with provider(reply) as (server, transport), ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(transport.ask, asked))
    assert [answer.body for answer in answers] == [str(number).encode() for number in range(40)]
    assert server.connections == 1


def test_calls_keep_the_rate_and_a_turn_that_comes_too_late_is_not_waited_for(tmp_path: Path) -> None:
    with RawServer([whole(b"data")]) as server:
        with transport_to(server, calls_per_minute=200.0, quota_folder=tmp_path) as transport:
            begun = time.monotonic()
            for _ in range(4):
                transport.ask(QUESTION)
            assert time.monotonic() - begun >= 0.85
        with transport_to(server, calls_per_minute=1.0, quota_folder=tmp_path / "slow") as transport:
            transport.ask(QUESTION)
            with pytest.raises(RateLimited, match="others ask api.example.org too"):
                transport.ask(QUESTION)
    assert len(server.asked) == 5


def test_one_process_that_is_asked_to_wait_speaks_for_all(tmp_path: Path) -> None:
    busy = whole(b"", 429, [("Retry-After", "300")])
    with RawServer([busy, whole(b"data")]) as server:
        for _ in range(2):
            with (
                transport_to(server, calls_per_minute=6_000.0, quota_folder=tmp_path) as transport,
                pytest.raises(RateLimited) as raised,
            ):
                transport.ask(QUESTION)
            assert raised.value.retry_after == pytest.approx(300, abs=2)
    assert len(server.asked) == 1
