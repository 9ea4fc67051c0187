"""Connections that keep to the deadline at every byte and go to checked addresses only.

A timeout of an HTTP client begins anew with every byte, and a name that was checked may point elsewhere when it is
connected to. So the socket itself is ours: it looks up, checks and connects to one and the same address, and no read
or write goes past the end of the question.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable

import httpcore

from datazones.transport.addresses import Address, Resolve, forbidden, resolved
from datazones.transport.waiting import Deadline

_HEAD_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")


class AddressRefused(Exception):
    """The host's name points to an address that is not connected to."""


class Tap(httpcore.NetworkStream):
    """A stream under a deadline that counts what came after the head of the answer."""

    def __init__(self, inner: httpcore.NetworkStream, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        got = self._inner.read(max_bytes, timeout=self._wire.left(timeout))
        self._wire.saw(got)
        return got

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=self._wire.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Tap:
        self._wire.hear_anew()
        return Tap(self._inner.start_tls(ssl_context, server_hostname, self._wire.left(timeout)), self._wire)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class Wire(httpcore.NetworkBackend):
    """Makes the connections of one question at a time."""

    def __init__(self, resolve: Resolve, private_allowed: bool) -> None:
        self._resolve = resolve
        self._private_allowed = private_allowed
        self._trusted: set[tuple[str, int]] = set()
        self._sockets = httpcore.SyncBackend()
        self.begin(Deadline(0))

    def trust(self, host: str, port: int) -> None:
        """Connect to this host wherever it is: whoever installed us has named it."""
        self._trusted.add((host, port))

    def begin(self, deadline: Deadline) -> None:
        """Another exchange begins."""
        self._deadline = deadline
        self.hear_anew()

    def hear_anew(self) -> None:
        """What was heard so far is not of the answer: a proxy said it, before the way to the provider was open."""
        self._head: bytes | None = b""
        self.after_head = 0

    @property
    def silent(self) -> bool:
        """Whether nothing was answered yet in this exchange."""
        return self._head == b""

    def left(self, wanted: float | None = None) -> float:
        """The seconds a single step may take: those it wants, within the deadline. ReadTimeout when that is over."""
        left = self._deadline.left()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline")
        return left if wanted is None else min(left, wanted)

    def saw(self, got: bytes) -> None:
        """Count these bytes, from where the head of the final answer ends."""
        if self._head is None:
            self.after_head += len(got)
            return
        self._head += got
        while end := _HEAD_END.search(self._head):
            behind = self._head[end.end() :]
            if not _INTERIM.match(self._head):
                self._head, self.after_head = None, len(behind)
                return
            self._head = behind

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Tap:
        """Connect to the first address that takes us; each has its share of the time that is left."""
        addresses = self._addresses(host, port)
        failure = httpcore.ConnectError(f"{host} has no address")
        for tried, address in enumerate(addresses):
            share = self.left(timeout) / (len(addresses) - tried)
            try:
                stream = self._sockets.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = httpcore.ConnectError(f"{host} at {address}: {error}")
            else:
                return Tap(stream, self)
        raise failure

    def _addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of the host; none of them may be one that is not connected to."""
        try:
            found = resolved(self._resolve, host, port, self.left())
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        if (host, port) in self._trusted:
            return found
        for address in found:
            if forbidden(address, self._private_allowed):
                raise AddressRefused(f"{host} at {address}")
        return found
