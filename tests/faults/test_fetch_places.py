"""Where the transport goes, and where nobody can send it: redirects, inside addresses, names that move."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from datazones.errors import CatalogueInvalid, DatazonesError, ProviderRefused
from datazones.model import Request
from datazones.transport import Transport
from tests.faults.asking import HOST, MANNERS, NOW, QUESTION, provider, transport_to
from tests.faults.rawserver import RawServer, Reply, head, whole

_connects: list[tuple[object, ...]] = []
sys.addaudithook(lambda event, given: _connects.append(given[1]) if event == "socket.connect" else None)

_FORMS = """
http://127.0.0.1:PORT/ http://localhost:PORT/ HTTP://LOCALHOST:PORT/ http://localhost.:PORT/ http://127.0.0.1.:PORT/
http://2130706433:PORT/ http://0x7f000001:PORT/ http://0x7f.0.0.1:PORT/ http://0177.0.0.1:PORT/
http://017700000001:PORT/ http://127.1:PORT/ http://127.0.1:PORT/ http://127.255.255.254:PORT/ http://0:PORT/
http://0.0.0.0:PORT/ http://[::1]:PORT/ http://[::]:PORT/ http://[0:0:0:0:0:0:0:1]:PORT/
http://[::ffff:127.0.0.1]:PORT/ http://[::ffff:7f00:1]:PORT/ http://[::127.0.0.1]:PORT/ http://[64:ff9b::7f00:1]:PORT/
http://[2002:7f00:1::]:PORT/ http://[fe80::1]:PORT/ http://[fe80::1%25lo]:PORT/ http://[fd00:ec2::254]/
http://169.254.169.254/latest/meta-data/ http://2852039166/ http://0xa9fea9fe/ http://[::ffff:169.254.169.254]/
http://metadata.google.internal/ http://100.100.100.200/ http://168.63.129.16/ http://10.0.0.1/ http://172.16.0.1/
http://192.168.0.1/ http://100.64.0.1/ http://224.0.0.1/ http://255.255.255.255/
https://HOST@127.0.0.1:PORT/ https://HOST:443@127.0.0.1:PORT/ https://me:secret@HOST/ http://127.0.0.1:PORT#@HOST/
http://127.0.0.1:PORT?@HOST/ http://127.0.0.1:PORT\\@HOST/ https://HOST\\.127.0.0.1/ https://HOST%00.127.0.0.1/
http://127.0.0.1%2eHOST/ https://HOST.127.0.0.1.nip.io/ http://127。0。0。1:PORT/ http://①②⑦.⓪.⓪.①:PORT/
https://HOST:22/ https://HOST:PORT/ http:127.0.0.1:PORT http:///127.0.0.1:PORT/ https://
file:///etc/passwd file://HOST/etc/passwd ftp://HOST/x gopher://127.0.0.1:PORT/_x dict://127.0.0.1:PORT/
unix:///var/run/docker.sock data:text/plain,x javascript:alert(1) ws://127.0.0.1:PORT/ http+unix://%2Fvar%2Frun/x
"""
FORMS = _FORMS.split()


def numeric_or_inside(host: str, port: int) -> list[str]:
    """Numbers mean what the system says they mean; every name is the attacker's, and points inside."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        return ["127.0.0.1"]
    return [str(entry[4][0]) for entry in found]


@pytest.fixture
def victim() -> Iterator[RawServer]:
    with RawServer([whole(b"secrets of the house")]) as server:
        _connects.clear()
        yield server
        assert server.connections == 0


def _form(form: str, victim: RawServer) -> str:
    return form.replace("PORT", str(victim.port)).replace("HOST", HOST)


def test_there_are_forty_forms_and_more() -> None:
    assert len(set(FORMS)) == len(FORMS) >= 40


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_an_inside_address_is_asked(form: str, victim: RawServer) -> None:
    with Transport(MANNERS, lambda: NOW, resolve=numeric_or_inside) as transport, pytest.raises(CatalogueInvalid):
        transport.ask(Request(_form(form, victim)))
    assert _connects == []


@pytest.mark.parametrize("form", FORMS)
def test_an_allow_list_that_was_talked_into_it_still_connects_to_no_inside_address(
    form: str, victim: RawServer
) -> None:
    url = _form(form, victim)
    try:
        host = httpx.URL(url).netloc.decode().lower()
    except httpx.InvalidURL:
        host = ""
    manners = replace(MANNERS, allowed_hosts=frozenset({host}))
    with Transport(manners, lambda: NOW, resolve=numeric_or_inside) as transport, pytest.raises(DatazonesError):
        transport.ask(Request(url))
    assert _connects == []


@pytest.mark.parametrize("form", [*FORMS, "//127.0.0.1:PORT/", "//HOST:PORT/"])
def test_no_redirect_leads_there(form: str, victim: RawServer) -> None:
    location = _form(form, victim).encode("utf-8").decode("latin-1")
    with provider([whole(b"", 302, [("Location", location)])]) as (server, transport):
        with pytest.raises(ProviderRefused):
            transport.ask(QUESTION)
        assert set(_connects) == {("127.0.0.1", server.port)}


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["8.8.8.8", "::ffff:10.0.0.1"]])
def test_a_providers_name_that_points_inside_is_not_connected_to(answer: list[str]) -> None:
    _connects.clear()
    with (
        Transport(MANNERS, lambda: NOW, resolve=lambda _host, _port: answer) as transport,
        pytest.raises(ProviderRefused, match="an address that is not public"),
    ):
        transport.ask(QUESTION)
    assert _connects == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    with RawServer([Reply(head(headers=[("Content-Length", "4")]) + b"data")]) as server:
        name = f"rebind.example.org:{server.port}"
        manners = replace(MANNERS, allowed_hosts=frozenset({name}), private_addresses_allowed=True)
        with Transport(manners, lambda: NOW, resolve=lambda _host, _port: next(answers)) as transport:
            _connects.clear()
            assert transport.ask(Request(f"http://{name}/")).body == b"data"
            with pytest.raises(ProviderRefused):
                transport.ask(Request(f"http://{name}/"))
        assert _connects == [("127.0.0.1", server.port)]
        assert f"host: {name}".encode() in server.asked[0]


def test_another_address_of_the_provider_is_tried_when_one_does_not_listen() -> None:
    with RawServer([whole(b"data")]) as server:
        name = f"two.example.org:{server.port}"
        manners = replace(MANNERS, allowed_hosts=frozenset({name}), private_addresses_allowed=True)
        with Transport(manners, lambda: NOW, resolve=lambda _host, _port: ["::1", "127.0.0.1"]) as transport:
            assert transport.ask(Request(f"http://{name}/")).body == b"data"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["/new?a=1", "new?a=1", "//data.example.org/new?a=1", "https://api.example.org/new"]
)
def test_a_redirect_within_the_providers_hosts_is_followed(status: int, location: str) -> None:
    with provider([whole(b"", status, [("Location", location)]), whole(b"data")]) as (server, transport):
        assert transport.ask(QUESTION).body == b"data"
    path = {"/new?a=1": "api.example.org/new?a=1", "new?a=1": "api.example.org/v2/new?a=1"}
    expected = path.get(location, location.removeprefix("https:").removeprefix("//"))
    assert server.asked[1].startswith(f"GET /{expected} HTTP/1.1".encode())


def test_a_redirect_without_encryption_is_not_followed() -> None:
    replies = [whole(b"", 302, [("Location", f"http://{HOST}/new")]), whole(b"data")]
    with provider(replies) as (server, transport):
        with pytest.raises(ProviderRefused, match="without encryption"):
            transport.ask(QUESTION)
        assert len(server.asked) == 1


@pytest.mark.parametrize("headers", [[], [("Location", "")]])
def test_a_redirect_to_nowhere_is_a_refusal(headers: list[tuple[str, str]]) -> None:
    with provider([whole(b"", 302, headers)]) as (server, transport), pytest.raises(ProviderRefused):
        transport.ask(QUESTION)


def test_redirects_in_a_circle_end() -> None:
    with provider([whole(b"", 302, [("Location", "/v2/figures")])]) as (server, transport):
        with pytest.raises(ProviderRefused, match="more than 5 redirects"):
            transport.ask(QUESTION)
        assert len(server.asked) == 6


@pytest.mark.parametrize(("status", "again"), [(301, False), (302, False), (303, False), (307, True), (308, True)])
def test_a_post_is_repeated_only_where_the_provider_says_so(status: int, again: bool) -> None:
    asked = Request(QUESTION.url, (("m", "QueryData"),), "POST")
    with provider([whole(b"", status, [("Location", "/new")]), whole(b"data")]) as (server, transport):
        if again:
            assert transport.ask(asked).body == b"data"
            assert server.asked[1].startswith(b"POST /api.example.org/new")
            assert server.asked[1].endswith(b"m=QueryData")
        else:
            with pytest.raises(ProviderRefused):
                transport.ask(asked)


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer([whole(b"from a proxy")]) as proxy, RawServer([whole(b"data")]) as server:
        for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        with transport_to(server) as transport:
            assert transport.ask(QUESTION).body == b"data"
        assert proxy.connections == 0
