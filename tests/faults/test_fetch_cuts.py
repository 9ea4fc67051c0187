"""An answer that is cut, at every byte there is: it is never taken for a whole one."""

from __future__ import annotations

import gzip
import random
import re
import zlib
from contextlib import suppress

import pytest

from datazones.errors import DatazonesError, ProviderUnavailable, ResponseMalformed
from datazones.model import Request
from tests.faults.asking import HOST, QUESTION, provider
from tests.faults.rawserver import Reply, chunks, head, whole

BODY = random.Random(1).randbytes(4_000)
ZIPPED = gzip.compress(BODY)
GZIP = ("Content-Encoding", "gzip")
CHUNKED = ("Transfer-Encoding", "chunked")


def length(body: bytes) -> tuple[str, str]:
    return "Content-Length", str(len(body))


WIRES = {
    "with its length": head(headers=[length(BODY)]) + BODY,
    "chunked": head(headers=[CHUNKED]) + chunks(BODY),
    "gzip with its length": head(headers=[length(ZIPPED), GZIP]) + ZIPPED,
}
ENDED_BY_THE_CONNECTION = head(headers=[GZIP]) + ZIPPED


def _cut(request: bytes) -> int:
    found = re.search(rb"cut=(\d+)", request)
    assert found
    return int(found[1])


def _question(cut: int) -> Request:
    return Request(f"https://{HOST}/v2/figures", (("cut", str(cut)),))


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_a_connection_that_closes_at_any_byte_gives_no_answer_but_the_whole_one(wire: bytes) -> None:
    with provider(lambda request: Reply(wire[: _cut(request)])) as (server, transport):
        for cut in range(len(wire)):
            with pytest.raises(ProviderUnavailable):
                transport.ask(_question(cut))
        assert transport.ask(_question(len(wire))).body == BODY
        assert len(server.asked) == len(wire) + 1


def test_a_connection_that_is_reset_at_any_byte_gives_no_answer() -> None:
    wire = WIRES["with its length"]
    with provider(lambda request: Reply(wire[: _cut(request)], reset=True)) as (server, transport):
        for cut in range(0, len(wire), 41):
            with pytest.raises(ProviderUnavailable):
                transport.ask(_question(cut))


def test_gzip_that_ends_with_the_connection_is_whole_with_its_own_end_mark_only() -> None:
    wire = ENDED_BY_THE_CONNECTION
    with provider(lambda request: Reply(wire[: _cut(request)])) as (_, transport):
        for cut in [*range(0, len(wire), 23), *range(len(wire) - 10, len(wire))]:
            with pytest.raises(ProviderUnavailable):
                transport.ask(_question(cut))
        assert transport.ask(_question(len(wire))).body == BODY


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_body_that_was_cut_before_its_length_was_counted_gives_no_answer(coding: str) -> None:
    body = ZIPPED if coding == "gzip" else zlib.compress(BODY)

    def reply(request: bytes) -> Reply:
        return whole(body[: _cut(request)], headers=[("Content-Encoding", coding)])

    with provider(reply) as (server, transport):
        for cut in range(0, len(body), 23):  # every single byte: tests/unit/test_transport_inflating.py
            with pytest.raises(ProviderUnavailable):
                transport.ask(_question(cut))
        assert transport.ask(_question(len(body))).body == BODY


def test_a_body_that_ends_with_the_connection_and_nothing_else_is_never_taken_for_whole() -> None:
    for version in ("1.0", "1.1"):
        with (
            provider([Reply(head(version=version) + BODY)]) as (server, transport),
            pytest.raises(ProviderUnavailable, match="may have been cut"),
        ):
            transport.ask(QUESTION)


def test_several_gzip_members_prove_nothing_where_the_connection_is_the_only_end() -> None:
    with (
        provider([Reply(head(headers=[GZIP]) + ZIPPED * 2)]) as (server, transport),
        pytest.raises(ProviderUnavailable, match="may have been cut"),
    ):
        transport.ask(QUESTION)


LYING = {
    "a length that is too short": head(headers=[("Content-Length", "100")]) + BODY,
    "a length of nothing": head(headers=[("Content-Length", "0")]) + BODY,
    "a length beside chunks that say otherwise": head(headers=[CHUNKED, ("Content-Length", "100")]) + chunks(BODY),
    "gzip that is none": head(headers=[length(BODY), GZIP]) + BODY,
    "gzip twice": head(headers=[length(gzip.compress(ZIPPED)), GZIP, GZIP]) + gzip.compress(ZIPPED),
}


@pytest.mark.parametrize("wire", LYING.values(), ids=LYING)
def test_a_body_that_is_not_what_its_headers_say_is_malformed(wire: bytes) -> None:
    with provider([Reply(wire)]) as (server, transport), pytest.raises(ResponseMalformed):
        transport.ask(QUESTION)


NONSENSE = {
    "two different lengths": head(headers=[("Content-Length", "3"), ("Content-Length", "4")]) + b"abcd",
    "a length that is no number": head(headers=[("Content-Length", "many")]) + b"abcd",
    "a negative length": head(headers=[("Content-Length", "-1")]) + b"abcd",
    "a chunk of no size": head(headers=[CHUNKED]) + b"zz\r\nabc\r\n0\r\n\r\n",
    "a chunk that runs on": head(headers=[CHUNKED]) + b"3\r\nabcdef\r\n0\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no head at all": b"\0" * 200,
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 300_000,
    "nothing": b"",
}


@pytest.mark.parametrize("wire", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_on_the_wire_is_no_answer(wire: bytes) -> None:
    with provider([Reply(wire)]) as (server, transport), pytest.raises(ProviderUnavailable):
        transport.ask(QUESTION)


def test_no_damage_to_an_answer_gives_anything_but_an_answer_or_an_error_of_ours() -> None:
    chance = random.Random(7)
    wires = [
        head(headers=[length(BODY[:50]), ("Retry-After", "5")]) + BODY[:50],
        WIRES["chunked"][:200],
        head(headers=[length(gzip.compress(b"data")), GZIP]) + gzip.compress(b"data"),
        head(302, headers=[("Location", "/x?a=1"), length(b"")]),
        head(429, headers=[("Retry-After", "Wed, 01 Apr 2026 12:00:30 GMT"), length(b"")]),
    ]
    bits = [b"\0", b"\xff", b"\r\n", b"9" * 5_000, b" ", b":", b"-", b"HTTP/1.1 100 C\r\n\r\n", b"%", b"//", b"["]

    def damaged(_request: bytes) -> Reply:
        wire = chance.choice(wires)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(wire) + 1)
            wire = wire[:at] + chance.choice(bits) + wire[at + chance.randint(0, 4) :]
        return Reply(wire)

    with provider(damaged) as (server, transport):
        for _ in range(1_000):
            with suppress(DatazonesError):
                transport.ask(QUESTION, etag='"a"')
        assert len(server.asked) >= 1_000


def test_what_was_left_over_from_one_answer_is_not_taken_for_the_next() -> None:
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    not_modified = Reply(head(304) + poison, keep_open=True)
    with provider([not_modified, whole(b"second")]) as (server, transport):
        assert transport.ask(QUESTION, etag='"a"').not_modified
        assert transport.ask(QUESTION).body == b"second"
        assert server.connections == 2


def test_not_modified_keeps_the_connection_and_may_tell_the_length_of_what_is_held() -> None:
    not_modified = Reply(head(304, [("Content-Length", "4000"), GZIP]), keep_open=True)
    with provider([not_modified, whole(b"second")]) as (server, transport):
        assert transport.ask(QUESTION, etag='"a"').not_modified
        assert transport.ask(QUESTION).body == b"second"
        assert server.connections == 1


def test_a_connection_is_kept_for_the_next_question_and_renewed_when_the_server_closed_it() -> None:
    closing = Reply(head(headers=[length(b"c")]) + b"c")
    replies = [whole(b"a"), Reply(head(headers=[CHUNKED]) + chunks(b"b"), keep_open=True), closing, whole(b"d")]
    with provider(replies, attempts=2) as (server, transport):
        assert [transport.ask(QUESTION).body for _ in range(4)] == [b"a", b"b", b"c", b"d"]
        assert server.connections == 2


@pytest.mark.parametrize("reset", [False, True])
def test_a_kept_connection_that_the_provider_closes_without_an_answer_is_asked_again_on_a_new_one(reset: bool) -> None:
    with provider([whole(b"a"), Reply(b"", reset=reset), whole(b"c")]) as (server, transport):
        assert [transport.ask(QUESTION).body, transport.ask(QUESTION).body] == [b"a", b"c"]
        assert (len(server.asked), server.connections) == (3, 2)


def test_a_kept_connection_that_ends_within_an_answer_is_not_asked_again_behind_our_back() -> None:
    with provider([whole(b"a"), Reply(b"HTTP/1.1 200 O", reset=True), whole(b"c")]) as (server, transport):
        assert transport.ask(QUESTION).body == b"a"
        with pytest.raises(ProviderUnavailable):
            transport.ask(QUESTION)
        assert len(server.asked) == 2
