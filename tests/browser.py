"""A real browser that looks at one page, and a proxy that hears of everything it asks anybody for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.parts import needs

PAGE = "http://page.test/report.html"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--proxy-bypass-list=<-loopback>", "--virtual-time-budget=3000",
)  # fmt: skip


@dataclass
class Seen:
    """The page's elements after it was shown, and all that was asked for, whoever was asked."""

    dom: str
    asked: list[str] = field(default_factory=list)


class _Proxy(ThreadingHTTPServer):
    """Answers for every host of the world: with the page for the page, with nothing for all else."""

    daemon_threads = True

    def __init__(self, page: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = page
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        content = self.server.page.encode() if self.path == PAGE else b""
        self.send_response(200 if self.path == PAGE else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_CONNECT = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: what was asked is kept."""


@contextmanager
def _proxy(page: str) -> Iterator[_Proxy]:
    with _Proxy(page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def look_at(page: str, profile: Path) -> Seen:
    """Show the page in Chromium with scripts allowed, as a person's browser has them."""
    chromium = needs("chromium", "chromium")
    with _proxy(page) as server:
        where = f"--proxy-server=http://127.0.0.1:{server.server_address[1]}"
        shown = subprocess.run(
            [chromium, *FLAGS, where, f"--user-data-dir={profile}", "--dump-dom", PAGE],
            capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        return Seen(shown.stdout, list(server.asked))
