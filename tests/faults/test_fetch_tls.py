"""Encryption: the certificate must name the host and lead to an authority we know."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from datazones.errors import ProviderRefused, ProviderUnavailable
from datazones.model import Request
from datazones.transport import Transport
from tests.faults.asking import MANNERS, NOW
from tests.faults.certificates import Authority, founded, served
from tests.faults.rawserver import RawServer, Reply, head, whole

HOST = "secure.example.org"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return founded()


@contextmanager
def _transport(server: RawServer, certificates: Path | None) -> Iterator[tuple[Transport, Request]]:
    name = f"{HOST}:{server.port}"
    manners = replace(
        MANNERS,
        allowed_hosts=frozenset({name}),
        private_addresses_allowed=True,
        certificates=certificates,
        deadline_s=2.0,
        attempts=3,
    )
    with Transport(manners, lambda: NOW, resolve=lambda _host, _port: ["127.0.0.1"]) as transport:
        yield transport, Request(f"https://{name}/x")


def test_a_host_with_a_certificate_of_its_own_name_is_asked_by_that_name(tmp_path: Path, authority: Authority) -> None:
    tls = served(tmp_path, HOST, authority)
    named: list[str] = []
    tls.sni_callback = lambda _socket, name, _context: named.append(name)
    cut = Reply(head(headers=[("Content-Length", "9")]) + b"abc")
    with (
        RawServer([whole(b"data"), whole(b"more"), cut], tls=tls) as server,
        _transport(server, tmp_path / "authority.pem") as (transport, asked),
    ):
        assert [transport.ask(asked).body, transport.ask(asked).body] == [b"data", b"more"]
        assert named == [HOST]
        with pytest.raises(ProviderUnavailable):
            transport.ask(asked)


@pytest.mark.parametrize(
    ("name", "days", "known"),
    [(HOST, 1, False), ("other.example.org", 1, True), (HOST, -1, True)],
    ids=["of an unknown authority", "of another host", "expired"],
)
def test_a_certificate_that_does_not_prove_the_host_ends_it_before_anything_is_asked(
    tmp_path: Path,
    authority: Authority,
    name: str,
    days: int,
    *,
    known: bool,
) -> None:
    with RawServer([whole(b"data")], tls=served(tmp_path, name, authority, days)) as server:
        with (
            _transport(server, tmp_path / "authority.pem" if known else None) as (transport, asked),
            pytest.raises(ProviderRefused, match="certificate"),
        ):
            transport.ask(asked)
        assert (server.asked, server.connections) == ([], 1)


def test_a_server_that_does_not_speak_tls_is_unavailable() -> None:
    with (
        RawServer(lambda _request: Reply(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
        _transport(server, None) as (transport, asked),
    ):
        begun = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            transport.ask(asked)
        assert time.monotonic() - begun < 2.5
