"""Whom we talk to: which urls are asked at all, and to which addresses a connection is made."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from datazones.transport.manners import Manners

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]

_PORTS = {"http": 80, "https": 443}

_NAT64 = IPv6Network("64:ff9b::/96")
_METADATA = ("169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.0/24", "fd00:ec2::/32")
"""Where clouds answer whoever asks from inside, credentials included."""

_SITE_LOCAL = "fec0::/10"
"""Private once; some versions of Python call it global."""

_NEVER = tuple(map(ip_network, (*_METADATA, _SITE_LOCAL)))


def parsed(url: str) -> httpx.URL | None:
    """The url, or None where it is none; the same parser's result is later connected to."""
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        return None


def objection(url: httpx.URL | None, manners: Manners) -> str | None:
    """Why this url is not asked; None when it is."""
    if url is None:
        return "a url that cannot be read"
    if url.scheme not in ("http", "https"):
        return f"the scheme {url.scheme!r}"
    if url.userinfo:
        return "credentials in a url"
    host = url.netloc.decode("ascii").lower()
    if host not in manners.allowed_hosts:
        return f"the host {host!r}"
    return None


def endpoint(url: httpx.URL) -> tuple[str, int]:
    """Host and port, as they are connected to."""
    return url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]


def rebased(url: httpx.URL, base: str | None) -> httpx.URL:
    """Where the question really goes: to the provider, or to the simulator that speaks for it under its host's name."""
    if base is None:
        return url
    return httpx.URL(f"{base.rstrip('/')}/{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}")


def forbidden(address: Address, private_allowed: bool) -> bool:
    """Whether no connection is made to this address: private, loopback, link-local, metadata, multicast, reserved."""
    meant = _unwrapped(address)
    if any(meant in network for network in _NEVER) or meant.is_multicast or meant.is_unspecified:
        return True
    if meant.is_link_local or (meant.is_reserved and not meant.is_loopback):
        return True
    return not (meant.is_global or private_allowed)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def system_resolve(host: str, port: int) -> list[str]:
    """Every address of the host, as the system's resolver has them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolved(resolve: Resolve, host: str, port: int, within_s: float) -> list[Address]:
    """The addresses of the host. OSError when there are none; TimeoutError when the resolver takes too long."""
    try:
        return [ip_address(host)]
    except ValueError:
        return [ip_address(text.partition("%")[0]) for text in _hurried(resolve, host, port, within_s)]


def _hurried(resolve: Resolve, host: str, port: int, within_s: float) -> list[str]:
    """A resolver cannot be told to hurry, so it is left behind in a thread of its own."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = answers.get(timeout=within_s)
    except queue.Empty:
        raise TimeoutError(f"no address of {host} within {within_s:.1f} s") from None
    if isinstance(found, Exception):
        raise OSError(f"no address of {host}: {found}") from found
    return found
