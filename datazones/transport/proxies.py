"""The network's own proxy: whom a provider is asked through where nothing else leads outside."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

import httpcore
import httpx

from datazones.errors import CatalogueInvalid, DatazonesError, ProviderRefused, ProviderUnavailable
from datazones.loopback import EXCEPTED
from datazones.transport.addresses import endpoint, parsed

_FALLBACK = "all"
_SCHEMES = ("http", "https")
_WHO = ("407", "401")
"""407 it is, but there are proxies that answer a wrong password with the status of a server."""

_EXAMPLE = "http://user:password@proxy.example.org:3128"


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy, and the variable of the environment that names it. Its address may hold a password: only host and
    port are ever told."""

    setting: str
    address: httpx.URL = field(repr=False)

    def __str__(self) -> str:
        return f"{self.place}, the proxy that {self.setting} names"

    @property
    def place(self) -> str:
        """Host and port."""
        return "{}:{}".format(*self.endpoint)

    @property
    def endpoint(self) -> tuple[str, int]:
        return endpoint(self.address)

    @property
    def encrypted(self) -> bool:
        """Whether what is said to the proxy itself is."""
        return self.address.scheme == "https"

    def connection(
        self, origin: httpcore.Origin, tls: ssl.SSLContext | None, idle_s: float, wire: httpcore.NetworkBackend
    ) -> httpcore.ConnectionInterface:
        """A connection that leads through the proxy: of what is encrypted it sees the host's name, and no more."""
        name, password = self.address.username, self.address.password
        host, port = self.endpoint
        through = httpcore.HTTPProxy(
            httpcore.URL(scheme=self.address.scheme, host=host, port=port, target=b"/"),
            proxy_auth=(name.encode(), password.encode()) if name or password else None,
            ssl_context=tls,
            proxy_ssl_context=tls if self.encrypted else None,
            keepalive_expiry=idle_s,
            network_backend=wire,
        )
        return through.create_connection(origin)

    def refusal(self, subject: str, host: str, answered: str) -> DatazonesError:
        """What it means that the proxy itself answers so, with its status first, where the provider should."""
        if answered.startswith("5"):
            return ProviderUnavailable(
                subject,
                found=f"{answered}, from {self}",
                expected=f"a connection to {host}",
                next_step="nothing: it is asked again; if it lasts, tell whoever keeps the proxy",
            )
        if answered.startswith(_WHO):
            return CatalogueInvalid(
                f"the setting {self.setting}",
                found=f"{self.place}, a proxy that wants to know who asks, or knows us by another password",
                expected=f"an address with both, such as {_EXAMPLE}",
                next_step=f"set {self.setting} anew, with %40 for @ and %3A for : in a password",
            )
        return ProviderRefused(
            subject,
            found=f"{answered}, from {self}",
            expected=f"a connection to {host}",
            next_step=f"ask whoever keeps the proxy to let {host} through, or except it by {EXCEPTED[0]}",
        )


class Proxies:
    """The proxies that an environment names, as curl and boto3 understand it: HTTPS_PROXY, HTTP_PROXY, else ALL_PROXY,
    each also in small letters, which count first; NO_PROXY names the hosts that are asked directly."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def of(self, url: httpx.URL | str) -> Proxy | None:
        """The proxy for this url; None where it is asked directly. CatalogueInvalid for one that cannot be used."""
        url = httpx.URL(url)
        excepted = next((self._environment[name] for name in reversed(EXCEPTED) if self._environment.get(name)), "")
        if proxy_bypass_environment(url.netloc.decode("ascii"), {"no": excepted}):
            return None
        for scheme in (url.scheme, _FALLBACK):
            for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY"):
                if given := self._environment.get(name):
                    return _usable(name, given)
        return None


DIRECTLY = Proxies({})
"""No proxy at all."""


def _usable(name: str, given: str) -> Proxy:
    """As it is named; `host:port` alone is http."""
    address = parsed(given if "://" in given else f"http://{given}")
    if address is None or not address.host or address.scheme not in _SCHEMES:
        kind = f"a proxy of the scheme {address.scheme!r}" if address and address.host else "no address of a proxy"
        raise CatalogueInvalid(
            f"the setting {name}",
            found=kind,
            expected=f"the address of an HTTP proxy, such as {_EXAMPLE}",
            next_step=f"correct or unset {name}, or except the providers' hosts by {EXCEPTED[0]}",
        )
    return Proxy(name, address)
