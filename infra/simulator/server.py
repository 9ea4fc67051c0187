"""The HTTP/1.1 server. The first segment of a path is the provider's host: /api.worldbank.org/v2/country/..."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from datazones.errors import DatazonesError
from infra.simulator import facts, formats
from infra.simulator.clock import Clock, moment
from infra.simulator.control import Control
from infra.simulator.deferring import Deferrals
from infra.simulator.exchange import Answer, Asked
from infra.simulator.journal import Journal
from infra.simulator.quota import Quotas
from infra.simulator.script import Script
from infra.simulator.volume import widened

LOOPBACK = "127.0.0.1"


class Simulator(ThreadingHTTPServer):
    """Providers over `world`, as of the moment of `clock`. `base_url` is where it listens."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: facts.World, clock: Clock, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.world = world
        self.clock = clock
        self.journal = Journal()
        self.script = Script()
        self.deferrals = Deferrals()
        self.quotas = Quotas()
        self.control = Control(clock, self.journal, self.script, self.quotas)

    def provider(self, asked: Asked) -> Answer:
        """What was promised before, else what the format says that speaks for this provider."""
        return self.deferrals.answer(asked) or formats.answer(asked, self.world)

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet about askers that leave; whatever else goes wrong here is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Simulator

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Quiet: the journal has it."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urlsplit(self.path)
        if split.path.startswith("/_"):
            self._send(self.server.control.answer(self.command, split.path, body))
            return
        self._send(self._provider(split.path, split.query, body))

    def _provider(self, path: str, query: str, form: bytes) -> Answer:
        host, _, rest = path.lstrip("/").partition("/")
        try:
            now = moment(self.headers["X-Sim-Now"]) if "X-Sim-Now" in self.headers else self.server.clock.now
        except DatazonesError as error:
            return Answer(str(error).encode(), 400)
        pairs = parse_qsl(query, keep_blank_values=True) + parse_qsl(form.decode("utf-8", "replace"), True)
        headers = {name.lower(): text for name, text in self.headers.items()}
        asked = Asked(self.command, host, "/" + unquote(rest), tuple(pairs), headers, now)
        said = {"method": self.command, "path": self.path, "form": form.decode("utf-8", "replace")}
        refused = self.server.quotas.refusal(host)
        if refused:
            self.server.journal.note({**said, "status": refused.status, "faults": ["quota"]})
            return refused
        answer, met = self.server.script.played(" ".join(said.values()), asked, self.server.provider)
        answer = self.server.deferrals.promise(answer)
        self.server.journal.note({**said, "status": answer.status, "faults": met})
        return answer

    def _send(self, answer: Answer) -> None:
        """The answer as it is to be delivered; what is cut or hung up ends the connection."""
        time.sleep(answer.delivery.pause_s)
        delivery = answer.delivery
        self.close_connection |= delivery.hang_up or delivery.cut_at is not None or not delivery.framed
        if delivery.hang_up:
            return
        self.send_response(answer.status)
        for name, text in (*answer.headers, *_framing(answer)):
            self.send_header(name, text)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # an asker that leaves meanwhile is none of our business
            self._send_body(answer, chunked=delivery.framed and not isinstance(answer.body, bytes))
        if delivery.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _send_body(self, answer: Answer, *, chunked: bool) -> None:
        """All at once, or in drops of a tenth of a second; in chunks where the length is not known before."""
        for piece in _up_to(answer.delivery.cut_at, answer.pieces):
            for drop in _drops(piece, answer.delivery.bytes_per_s):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(drop), drop) if chunked else drop)
                time.sleep(len(drop) / answer.delivery.bytes_per_s if answer.delivery.bytes_per_s else 0)
        if chunked and answer.delivery.cut_at is None:
            self.wfile.write(b"0\r\n\r\n")


def _framing(answer: Answer) -> tuple[tuple[str, str], ...]:
    """How it is told where the body ends; nothing where a fault tells it, or nobody does."""
    if not answer.delivery.framed or any(name.lower() == "content-length" for name, _ in answer.headers):
        return ()
    if isinstance(answer.body, bytes):
        return (("Content-Length", str(len(answer.body))),)
    return (("Transfer-Encoding", "chunked"),)


def _up_to(end: int | None, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if end is not None:
            piece, end = piece[:end], max(0, end - len(piece))
        if piece:
            yield piece
        if end == 0:
            return


def _drops(piece: bytes, bytes_per_s: float) -> Iterator[bytes]:
    size = max(1, int(bytes_per_s / 10)) if bytes_per_s else len(piece)
    return (piece[at : at + size] for at in range(0, len(piece), size))


@contextlib.contextmanager
def serving(
    now: datetime | str,
    *,
    world: facts.World | None = None,
    state: Path | None = None,
    port: int = 0,
    volume: int = 0,
) -> Iterator[str]:
    """The simulator in this process, on its own thread; gives its base url and stops at the end."""
    at = moment(now) if isinstance(now, str) else now
    simulator = Simulator(widened(world or facts.load(), volume), Clock(at, state), port)
    thread = threading.Thread(target=simulator.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield simulator.base_url
    finally:
        simulator.shutdown()
        simulator.server_close()
        thread.join()
