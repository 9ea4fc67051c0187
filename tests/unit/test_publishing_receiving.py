"""Answers of servers that wait for the word that the first part of an answer has arrived."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from datazones.errors import StoreUnavailable
from datazones.publishing import Store, StoreAddress
from datazones.publishing.connecting import connected

_HEAD = b'HTTP/1.1 200 OK\r\nETag: "0"\r\nContent-Length: 7\r\n\r\n'


class _HeadFirst(StreamRequestHandler):
    """As Ceph's gateway sends an object: its head, then its body, on a connection that gathers small pieces."""

    body = b"figures"

    def handle(self) -> None:
        while self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            self.connection.send(_HEAD)
            self.connection.send(self.body)
            if len(self.body) < 7:
                return


class _BreakingOff(_HeadFirst):
    body = b"fig"


@pytest.fixture(params=[_HeadFirst])
def address(request: pytest.FixtureRequest) -> Iterator[StoreAddress]:
    """A store that answers every question with the same object."""
    with ThreadingTCPServer(("127.0.0.1", 0), request.param) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield StoreAddress(f"http://127.0.0.1:{server.server_address[1]}", "figures", "key", "secret")
        server.shutdown()


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux can be asked to acknowledge at once")
def test_a_body_that_is_sent_after_its_head_was_received_comes_at_once(address: StoreAddress) -> None:
    """Otherwise each takes the 40 ms for which Linux puts off to acknowledge the head, as with boto3 alone: both are
    asked in turn, so that what else the machine does befalls both, but several times in a row, for after a pause Linux
    acknowledges at once by itself. Half is far from either: 2 ms and 42."""
    ours: list[float] = []
    alone: list[float] = []
    client = connected(address)
    with Store.at(address) as store:
        for _ in range(3):
            ours += [_seconds(lambda: store.get("a")) for _ in range(10)]
            alone += [_seconds(lambda: client.get_object(Bucket="figures", Key="a")["Body"].read()) for _ in range(10)]
    client.close()
    assert statistics.median(ours) < statistics.median(alone) / 2


def _seconds(get: Callable[[], tuple[bytes, str] | bytes | None]) -> float:
    began = time.perf_counter()
    assert get() in (b"figures", (b"figures", "0"))
    return time.perf_counter() - began


@pytest.mark.parametrize("address", [_BreakingOff], indirect=True)
def test_a_body_that_breaks_off_is_no_answer(address: StoreAddress) -> None:
    with Store.at(address) as store, pytest.raises(StoreUnavailable):
        store.get("a")
    with Store.at(address) as store, pytest.raises(StoreUnavailable):
        store.digest("a")
