"""A network whose only way outside is its proxy."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from datazones.errors import CatalogueInvalid, ProviderRefused, ProviderUnavailable
from datazones.model import Request
from datazones.transport import Proxies, Transport
from infra.children import free_port, refusal, start, stop
from tests.faults.asking import MANNERS, NOW
from tests.faults.certificates import founded, served
from tests.faults.rawserver import RawServer, Reply, head, whole
from tests.parts import needs

HOST = "localhost"
"""As a proxy on this machine looks it up; nobody else may."""


@contextmanager
def _proxy(folder: Path, *configured: str) -> Iterator[int]:
    """tinyproxy, as a network has it; its port."""
    program, port = needs("tinyproxy", "tinyproxy-bin"), free_port()
    file = folder / "proxy.conf"
    file.write_text("\n".join([f"Port {port}", "Listen 127.0.0.1", "Timeout 30", *configured, ""]))
    child = start([program, "-d", "-c", str(file)], folder / "proxy.log")
    try:
        until = time.monotonic() + 20
        while refusal("127.0.0.1", port) is None:
            assert child.poll() is None, (folder / "proxy.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield port
    finally:
        stop(child)


@contextmanager
def _transport(
    server: RawServer, environment: Mapping[str, str], certificates: Path | None = None
) -> Iterator[tuple[Transport, Request]]:
    """Of a machine that may not connect to the server, and has no address of its host."""
    name = f"{HOST}:{server.port}"
    manners = replace(MANNERS, allowed_hosts=frozenset({name}), certificates=certificates, attempts=2)

    def nobody(host: str, _port: int) -> list[str]:
        raise OSError(f"{host} is not known here")

    with Transport(manners, lambda: NOW, proxies=Proxies(environment), resolve=nobody) as transport:
        scheme = server.url.partition(":")[0]
        yield transport, Request(f"{scheme}://{name}/x", (("a", "1"),))


def test_a_provider_is_asked_through_the_proxy_and_no_name_is_looked_up_here(tmp_path: Path) -> None:
    tls = served(tmp_path, HOST, founded())
    cut = Reply(head(headers=[("Content-Length", "9")]) + b"abc")
    with (
        _proxy(tmp_path, "BasicAuth zone word") as port,
        RawServer([whole(b"data"), whole(b"more"), cut], tls=tls) as server,
        _transport(server, {"HTTPS_PROXY": f"http://zone:word@127.0.0.1:{port}"}, tmp_path / "authority.pem") as (
            transport,
            asked,
        ),
    ):
        assert [transport.ask(asked).body, transport.ask(asked).body] == [b"data", b"more"]
        assert server.connections == 1, "a tunnel is kept as a connection is"
        with pytest.raises(ProviderUnavailable, match=f"asked through 127.0.0.1:{port}, the proxy that HTTPS_PROXY"):
            transport.ask(asked)
        assert not any(b"Proxy-Authorization" in request for request in server.asked)


def test_a_provider_without_encryption_is_asked_through_the_proxy_too(tmp_path: Path) -> None:
    with (
        _proxy(tmp_path, "BasicAuth zone word") as port,
        RawServer([whole(b"data")]) as server,
        _transport(server, {"all_proxy": f"zone:word@127.0.0.1:{port}"}) as (transport, asked),
    ):
        assert transport.ask(asked).body == b"data"
        assert server.asked[0].startswith(b"GET /x?a=1 HTTP/1.1\r\n")


@pytest.mark.parametrize(("known", "encrypted"), [("", True), ("zone:wrong@", True), ("", False)])
def test_a_proxy_that_does_not_know_us_is_a_setting_to_correct(tmp_path: Path, known: str, *, encrypted: bool) -> None:
    tls = served(tmp_path, HOST, founded()) if encrypted else None
    setting = "HTTPS_PROXY" if encrypted else "HTTP_PROXY"
    with (
        _proxy(tmp_path, "BasicAuth zone word") as port,
        RawServer([whole(b"data")], tls=tls) as server,
        _transport(server, {setting: f"http://{known}127.0.0.1:{port}"}, None) as (transport, asked),
    ):
        with pytest.raises(CatalogueInvalid) as caught:
            transport.ask(asked)
        assert (caught.value.subject, "wrong" in str(caught.value)) == (f"the setting {setting}", False)
        assert server.asked == []


def test_a_proxy_that_lets_the_host_not_through_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "allowed").write_text("^api\\.example\\.org$\n")
    filtering = (f'Filter "{tmp_path / "allowed"}"', "FilterDefaultDeny Yes")
    with (
        _proxy(tmp_path, *filtering) as port,
        RawServer([whole(b"data")], tls=served(tmp_path, HOST, founded())) as server,
        _transport(server, {"HTTPS_PROXY": f"127.0.0.1:{port}"}) as (transport, asked),
    ):
        with pytest.raises(ProviderRefused, match="403") as caught:
            transport.ask(asked)
        assert f"let {HOST}:{server.port} through" in caught.value.next_step
        assert server.connections == 0


def test_a_proxy_that_fails_is_asked_again_and_one_that_is_away_is_named() -> None:
    with RawServer([Reply(head(502)), Reply(head(503))]) as proxy, RawServer([whole(b"data")], tls=None) as server:
        with (
            _transport(server, {"HTTPS_PROXY": proxy.url}) as (transport, asked),
            pytest.raises(ProviderUnavailable, match="503.*, from 127.0.0.1"),
        ):
            transport.ask(replace(asked, url=asked.url.replace("http:", "https:")))
        assert [request.split(b"\r\n")[0] for request in proxy.asked] == [
            b"CONNECT localhost:%d HTTP/1.1" % server.port
        ] * 2
        away = f"http://127.0.0.1:{free_port()}"
        with (
            _transport(server, {"HTTP_PROXY": away}) as (transport, asked),
            pytest.raises(ProviderUnavailable, match="the proxy that HTTP_PROXY names"),
        ):
            transport.ask(asked)


def test_who_cannot_be_reached_directly_may_be_behind_a_proxy_that_nobody_named() -> None:
    with (
        RawServer([whole(b"data")]) as server,
        _transport(server, {}) as (transport, asked),
        pytest.raises(ProviderUnavailable) as caught,
    ):
        transport.ask(asked)
    assert "HTTPS_PROXY" in caught.value.next_step


def test_a_simulator_is_asked_directly_though_the_environment_names_a_proxy() -> None:
    proxies = Proxies({"HTTP_PROXY": f"http://127.0.0.1:{free_port()}"})
    with (
        RawServer([whole(b"data")]) as server,
        Transport(MANNERS, lambda: NOW, server.url, proxies=proxies) as transport,
    ):
        assert transport.ask(Request("https://api.example.org/x")).body == b"data"


def test_user_and_password_are_sent_as_they_are_meant_and_never_told() -> None:
    proxy = Proxies({"HTTPS_PROXY": "http://me%40work:a%3Ab@proxy.example.org:3128"}).of("https://x.org/")
    assert "a%3Ab" not in f"{proxy} {proxy!r}"
    with RawServer([Reply(head(403))]) as server:
        environment = {"HTTPS_PROXY": f"http://me%40work:a%3Ab@127.0.0.1:{server.port}"}
        with _transport(server, environment) as (transport, asked), pytest.raises(ProviderRefused) as caught:
            transport.ask(replace(asked, url=asked.url.replace("http:", "https:")))
        assert b"Basic " + base64.b64encode(b"me@work:a:b") in server.asked[0]
    assert "a%3Ab" not in str(caught.value)
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "url", "through"),
    [
        ({}, "https://api.example.org/", None),
        ({"HTTPS_PROXY": "http://one"}, "https://api.example.org/", "one:80, the proxy that HTTPS_PROXY names"),
        ({"HTTPS_PROXY": "http://one", "https_proxy": "https://two"}, "https://api.example.org/",
         "two:443, the proxy that https_proxy names"),
        ({"HTTPS_PROXY": "http://one"}, "http://api.example.org/", None),
        ({"ALL_PROXY": "three:3128"}, "http://api.example.org/", "three:3128, the proxy that ALL_PROXY names"),
        ({"ALL_PROXY": "three:3128", "http_proxy": "four:1"}, "http://api.example.org/",
         "four:1, the proxy that http_proxy names"),
        ({"ALL_PROXY": "three:3128", "NO_PROXY": "localhost,example.org"}, "http://api.example.org/", None),
        ({"ALL_PROXY": "three:3128", "no_proxy": "api.example.org:8443"}, "https://api.example.org:8443/", None),
        ({"ALL_PROXY": "three:3128", "no_proxy": "*"}, "https://api.example.org/", None),
        ({"ALL_PROXY": "three:3128", "NO_PROXY": "ample.org"}, "https://api.example.org/",
         "three:3128, the proxy that ALL_PROXY names"),
    ],
)  # fmt: skip
def test_variables_are_understood_as_other_programs_do(
    environment: dict[str, str], url: str, through: str | None
) -> None:
    proxy = Proxies(environment).of(url)
    assert (str(proxy) if proxy else None) == through


@pytest.mark.parametrize("named", ["socks5://me:secret@one:1080", "http://", "http://one:port", "://me:secret@"])
def test_what_cannot_be_used_is_told_without_its_password(named: str) -> None:
    with pytest.raises(CatalogueInvalid, match="HTTPS_PROXY") as caught:
        Proxies({"HTTPS_PROXY": named}).of("https://api.example.org/")
    assert "secret" not in str(caught.value)


def test_an_authority_of_the_networks_own_is_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer([whole(b"data")], tls=served(tmp_path, HOST, founded())) as server, _proxy(tmp_path) as port:
        through = {"HTTPS_PROXY": f"127.0.0.1:{port}"}
        with _transport(server, through) as (transport, asked), pytest.raises(ProviderRefused, match="SSL_CERT_FILE"):
            transport.ask(asked)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        with _transport(server, through) as (transport, asked):
            assert transport.ask(asked).body == b"data"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
        with _transport(server, through) as (transport, asked), pytest.raises(CatalogueInvalid, match="SSL_CERT_FILE"):
            transport.ask(asked)
