"""A server that sends any bytes at any pace and closes wherever it is told to: the wire as it can be, not as it should.

    with RawServer([whole(b"abc"), Reply(b"HTTP/1.1 200 OK", reset=True)]) as server:
        ...  # server.url, server.asked, server.connections

Each request takes the next reply; the last one is repeated. A function of the request may stand for the list.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """Bytes, or pieces of them with a pause before each, and how the connection ends."""

    content: bytes | Iterable[bytes]
    pause_s: float = 0.0
    reset: bool = False
    keep_open: bool = False

    @property
    def pieces(self) -> Iterable[bytes]:
        return [self.content] if isinstance(self.content, bytes) else self.content


def head(status: int = 200, headers: Headers = (), version: str = "1.1") -> bytes:
    lines = [f"HTTP/{version} {status} Phrase", *(f"{name}: {text}" for name, text in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def whole(body: bytes, status: int = 200, headers: Headers = ()) -> Reply:
    """An answer as it should be, with its length, on a connection that stays open."""
    return Reply(head(status, [("Content-Length", str(len(body))), *headers]) + body, keep_open=True)


def chunks(body: bytes, size: int = 1000) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class RawServer:
    """Serves one connection after the other, on loopback, in one thread."""

    def __init__(
        self, replies: Sequence[Reply] | Callable[[bytes], Reply], *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._replies = replies
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = int(self._listener.getsockname()[1])
        self.asked: list[bytes] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()  # wakes a server that waits for somebody
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stopped.is_set():
                connection.close()
                return
            self.connections += 1
            connection.settimeout(5)
            with (
                suppress(OSError),
                self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as talk,
            ):
                self._talk(talk)

    def _talk(self, connection: socket.socket) -> None:
        while not self._stopped.is_set():
            request = _request(connection)
            if not request:
                return
            reply = self._next(request)
            self.asked.append(request)
            for piece in reply.pieces:
                if self._stopped.wait(reply.pause_s) if reply.pause_s else self._stopped.is_set():
                    return
                connection.sendall(piece)
            if reply.reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if not reply.keep_open:
                return

    def _next(self, request: bytes) -> Reply:
        if callable(self._replies):
            return self._replies(request)
        return self._replies[min(len(self.asked), len(self._replies) - 1)]


def _request(connection: socket.socket) -> bytes:
    """One request with its body; nothing when the client went away."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65_536)
        if not more:
            return b""
        received += more
    announced = re.search(rb"content-length: (\d+)", received, re.IGNORECASE)
    missing = int(announced[1]) - len(received.partition(b"\r\n\r\n")[2]) if announced else 0
    while missing > 0:
        more = connection.recv(65_536)
        received += more
        missing -= len(more)
    return received
