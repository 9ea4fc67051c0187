"""Answers without end: in time, in bytes on the wire and in bytes inflated."""

from __future__ import annotations

import gzip
import itertools
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from datazones.errors import ProviderUnavailable, ResponseMalformed
from tests.faults.asking import QUESTION, provider, transport_to
from tests.faults.rawserver import RawServer, Reply, head, whole

DEADLINE_S = 0.6
A_WHOLE_ANSWER = head(headers=[("Content-Length", "1000")]) + b"x" * 1000


def drops(content: bytes) -> Iterator[bytes]:
    return (bytes([byte]) for byte in content)


SLOW = {
    "no answer at all": Reply([A_WHOLE_ANSWER], pause_s=5.0),
    "a head byte by byte": Reply(drops(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000), pause_s=0.05),
    "a body byte by byte": Reply(
        itertools.chain([head(headers=[("Content-Length", "1000")])], drops(b"x" * 1000)), pause_s=0.05
    ),
    "chunks of one byte": Reply(
        itertools.chain([head(headers=[("Transfer-Encoding", "chunked")])], itertools.repeat(b"1\r\nx\r\n", 1000)),
        pause_s=0.05,
    ),
    "'wait a moment' for ever": Reply(itertools.repeat(b"HTTP/1.1 102 Processing\r\n\r\n", 1000), pause_s=0.05),
}


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_the_deadline_is_for_the_whole_question_not_for_each_byte(reply: Reply) -> None:
    with provider([reply], deadline_s=DEADLINE_S, attempts=5) as (server, transport):
        begun = time.monotonic()
        with pytest.raises(ProviderUnavailable, match="no whole answer within 0.6 s"):
            transport.ask(QUESTION)
        assert DEADLINE_S * 0.9 < time.monotonic() - begun < DEADLINE_S + 0.5


def test_attempts_and_pauses_share_one_deadline() -> None:
    with provider([whole(b"", status=503)], deadline_s=DEADLINE_S, attempts=1000) as (server, transport):
        begun = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            transport.ask(QUESTION)
        assert time.monotonic() - begun < DEADLINE_S + 0.5
        assert len(server.asked) > 3


def test_a_server_that_does_not_listen_is_unavailable() -> None:
    with RawServer([whole(b"")]) as server:
        """Its port is free again from here on."""
    with transport_to(server, deadline_s=DEADLINE_S) as transport, pytest.raises(ProviderUnavailable, match="refused"):
        transport.ask(QUESTION)


ENDLESS = {
    "a length beyond the cap": (head(headers=[("Content-Length", str(1 << 40))]), b"x" * 65_536),
    "chunks without end": (head(headers=[("Transfer-Encoding", "chunked")]), b"8000\r\n" + b"x" * 32_768 + b"\r\n"),
    "a connection that never ends": (head(), b"x" * 65_536),
}


@pytest.mark.parametrize(("start", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_a_body_without_end_ends_at_the_cap(start: bytes, piece: bytes) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield start
        while True:
            sent += len(piece)
            yield piece

    cap = 1 << 20
    with (
        provider([Reply(pieces())], wire_cap_bytes=cap) as (server, transport),
        pytest.raises(ResponseMalformed, match="on the wire"),
    ):
        transport.ask(QUESTION)
    assert sent < cap + (16 << 20)  # what loopback buffers may hold besides


_CHILD = """
import resource, sys
from tests.faults.asking import MANNERS, NOW, QUESTION
from datazones.errors import ResponseMalformed
from datazones.transport import Manners, Transport
from dataclasses import replace

manners = replace(MANNERS, ratio_cap=float(sys.argv[2]), inflated_cap_bytes=int(sys.argv[3]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with Transport(manners, lambda: NOW, sys.argv[1]) as transport:
    try:
        print("answered", len(transport.ask(QUESTION).body))
    except ResponseMalformed as error:
        print("refused", error.found)
print("grew", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("ratio", "cap", "reason"), [(200.0, 1 << 30, "inflate to more"), (1e9, 1 << 25, "inflated")])
def test_a_bomb_of_a_thousand_to_one_is_refused_in_little_memory(ratio: float, cap: int, reason: str) -> None:
    bomb = gzip.compress(bytes(300 << 20))
    with RawServer([whole(bomb, headers=[("Content-Encoding", "gzip")])]) as server:
        arguments = [sys.executable, "-c", _CHILD, server.url, str(ratio), str(cap)]
        said = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.startswith("refused")
    assert reason in said
    grew_kib = re.search(r"grew (\d+)", said)
    assert grew_kib
    assert int(grew_kib[1]) < 100 << 10
