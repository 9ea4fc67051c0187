"""A secret goes to the provider it is for, and nowhere else: not into an error, a log, a key or a kept header."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Literal

import pytest
import tblib.pickling_support

from datazones.errors import DatazonesError
from datazones.model import Request
from datazones.transport import request_key
from tests.faults.asking import HOST, provider
from tests.faults.rawserver import Reply, head, whole

CANARY = "c4n4ry0123456789abcdef/+="
SPELLINGS = ("c4n4ry", "c4n4ry0123456789")
ASKED = Request(
    f"https://{HOST}/fred/series",
    (("series_id", "GDP"), ("api_key", CANARY)),
    headers=(("Authorization", f"Bearer {CANARY}"), ("X-Api-Key", CANARY)),
)
ECHO = f"the key {CANARY} in https://{HOST}/x?api_key=c4n4ry0123456789abcdef%2F%2B%3D is unknown".encode()

FAILURES = {
    "a refusal that quotes it": whole(ECHO, 400),
    "a rate limit that quotes it": whole(ECHO, 429, [("Retry-After", "9999")]),
    "a server error that quotes it": whole(ECHO, 500),
    "a redirect that carries it off": whole(b"", 302, [("Location", f"https://evil.example/?api_key={CANARY}")]),
    "a redirect that names it otherwise": whole(b"", 302, [("Location", f"https://evil.example/{CANARY}")]),
    "a redirect in a circle": whole(b"", 302, [("Location", f"/fred/series?api_key={CANARY}")]),
    "a cut answer": Reply(head(headers=[("Content-Length", "9"), ("X-Echo", CANARY)]) + b"abc"),
    "a broken head": Reply(f"HTTP/1.1 200 OK\r\nX-Echo {CANARY}\r\n\r\n".encode()),
    "a coding that is it": whole(b"abc", headers=[("Content-Encoding", CANARY)]),
    "an answer that is too long": whole(b"abc" * 1000),
    "no answer": Reply(b""),
}


def _said(error: BaseException, logs: str) -> str:
    """All that is told of it. Beside Dask, which has errors pickled with what was raised before them."""
    tblib.pickling_support.install()
    return "".join([*traceback.format_exception(error), repr(error), str(pickle.dumps(error)), logs])


@pytest.mark.parametrize("reply", FAILURES.values(), ids=FAILURES)
def test_no_failure_tells_the_secret(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        provider([reply], attempts=2, deadline_s=2.0, wire_cap_bytes=500) as (server, transport),
        pytest.raises(DatazonesError) as raised,
    ):
        transport.ask(ASKED)
    assert CANARY.encode() in server.asked[0]
    said = _said(raised.value, caplog.text)
    assert "series_id=GDP" in said
    for spelling in SPELLINGS:
        assert spelling not in said


REFUSED = {
    "a url with credentials": Request(f"https://me:{CANARY}@{HOST}/"),
    "a url of another host": Request(f"https://evil.example/?token={CANARY}"),
    "a url that is none": Request(f"https://[{HOST}?api_key={CANARY}"),
    "a header with a line break": Request(f"https://{HOST}/", headers=(("Authorization", f"{CANARY}\r\nX: y"),)),
}


@pytest.mark.parametrize("asked", REFUSED.values(), ids=REFUSED)
def test_a_question_that_is_not_asked_does_not_tell_it_either(asked: Request, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with provider([whole(b"")]) as (server, transport), pytest.raises(DatazonesError) as raised:
        transport.ask(asked)
    said = _said(raised.value, caplog.text)
    for spelling in SPELLINGS:
        assert spelling not in said


def test_what_is_kept_of_an_answer_has_no_secret_and_validators_as_they_came(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    link = f'<https://{HOST}/fred/series?api_key={CANARY}&page=2>; rel="next"'
    with provider([whole(b"{}", headers=[("Link", link), ("ETag", '"a"')])]) as (server, transport):
        answer = transport.ask(ASKED)
    assert answer.headers["link"] == f'<https://{HOST}/fred/series?api_key=***&page=2>; rel="next"'
    assert answer.headers["etag"] == '"a"'
    for spelling in SPELLINGS:
        assert spelling not in str(answer.headers) + request_key(ASKED) + caplog.text


def test_secret_headers_are_for_the_host_they_were_meant_for() -> None:
    there = [("Location", "https://data.example.org/x")]
    with provider([whole(b"", 302, there), whole(b"{}")]) as (server, transport):
        transport.ask(ASKED)
    assert server.asked[0].count(CANARY.encode()) == 2
    assert b"c4n4ry" not in server.asked[1]
    assert b"user-agent: datazones tests" in server.asked[1]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_secret_of_any_name_is_asked_with_and_never_told(method: Literal["GET", "POST"]) -> None:
    asked = Request(f"https://{HOST}/fred/series", (("series_id", "GDP"),), method, secrets=(("visitor", CANARY),))
    with provider([whole(ECHO, 400)]) as (server, transport), pytest.raises(DatazonesError) as raised:
        transport.ask(asked)
    assert b"visitor=c4n4ry" in server.asked[0]
    said = _said(raised.value, "") + repr(asked) + request_key(asked)
    for spelling in SPELLINGS:
        assert spelling not in said
