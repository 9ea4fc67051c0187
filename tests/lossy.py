"""A proxy before an object store that loses questions and answers, as told. It forwards signed bytes unchanged."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Literal
from urllib.parse import urlsplit

from datazones.publishing import StoreAddress

Fault = Literal["lost before", "lost after", "500 before", "500 after", "late", "cut"]
CONDITIONS = ("if-match", "if-none-match")


@dataclass
class Proxy:
    """`faults` befall the next requests of `method`, one each, and `planned` ones the n-th of all, from 1.

    A `late` answer comes after `late_s` seconds; `deaf` takes the conditions out of every request. `sent` counts the
    bytes of the answers' bodies.
    """

    address: StoreAddress
    method: str = "PUT"
    faults: list[Fault] = field(default_factory=list)
    planned: dict[int, Fault] = field(default_factory=dict)
    late_s: float = 3.0
    deaf: bool = False
    lock: Lock = field(default_factory=Lock)
    seen: list[str] = field(default_factory=list)
    sent: int = 0


@contextmanager
def lossy(upstream: StoreAddress, method: str = "PUT") -> Iterator[Proxy]:
    """A proxy on loopback; its address stands for the store's."""
    server = _Server(("127.0.0.1", 0), _Handler)
    proxy = Proxy(replace(upstream, url=f"http://127.0.0.1:{server.server_port}"), method)
    server.proxy, server.upstream = proxy, urlsplit(upstream.url)  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up while it was answered late is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Say nothing."""

    def _forward(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self._fault(proxy)
        self.close_connection = bool(fault)
        if fault == "500 before":
            self._say(500, [], b"")
        elif fault != "lost before":
            answer, content = self._ask(body, proxy.deaf)
            if fault == "500 after":
                self._say(500, [], b"")
            elif fault == "late":
                time.sleep(proxy.late_s)
            elif fault != "lost after":
                self._say(answer.status, answer.getheaders(), content, cut=fault == "cut")

    def _fault(self, proxy: Proxy) -> Fault | None:
        with proxy.lock:
            proxy.seen.append(f"{self.command} {self.path}")
            if len(proxy.seen) in proxy.planned:
                return proxy.planned[len(proxy.seen)]
            return proxy.faults.pop(0) if proxy.faults and self.command == proxy.method else None

    def _ask(self, body: bytes, deaf: bool) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = self.server.upstream  # type: ignore[attr-defined]
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=30)
        headers = {name: said for name, said in self.headers.items() if name.lower() != "expect"}
        if deaf:
            headers = {name: said for name, said in headers.items() if name.lower() not in CONDITIONS}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def _say(self, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, said in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, said)
        length = next((said for name, said in headers if name.lower() == "content-length"), str(len(content)))
        self.send_header("Content-Length", length)
        self.end_headers()
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        with proxy.lock:
            proxy.sent += 0 if self.command == "HEAD" else len(content)
        self.wfile.write(b"" if self.command == "HEAD" else content[: len(content) // 2] if cut else content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _forward
