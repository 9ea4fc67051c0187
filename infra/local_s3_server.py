"""The embedded object store's own process: ministack on loopback, for as long as somebody uses it.

    python -m infra.local_s3_server FOLDER

Beyond ministack it does five things: it lets in only who knows the key pair of this folder (ministack checks no
signature), it mends what a kill in the middle of a write left behind, it takes nothing that the disk has no room for,
it keeps its port and keys from one start to the next, and it ends when its users are gone, also when they were killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from infra import locks

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

LOOK_S = 0.5
ABANDONED_S = 5.0
"""So long nobody may use it before it ends; a repeated command finds it within that time."""

HEALTH = "/_ministack/health"

SPARE = 16 << 20
"""Bytes that stay free whatever is put: for what is said of objects, and for whoever else writes to this disk."""


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one embedded store."""

    folder: Path

    @property
    def starting(self) -> Path:
        """Lock of whoever starts, joins, leaves or stops the server."""
        return self.folder / "start.lock"

    @property
    def users(self) -> Path:
        """Lock that all users share."""
        return self.folder / "users.lock"

    @property
    def serving(self) -> Path:
        """Lock that the server holds for as long as it lives."""
        return self.folder / "server.lock"

    @property
    def record(self) -> Path:
        """Written by the server that holds `serving`: its pid, its address and its key pair."""
        return self.folder / "server.json"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def bucket(self, name: str) -> Path:
        """There once the bucket was made: it persists as all else here, and asking whether it does takes a client."""
        return self.folder / f"bucket-{name}"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, as its record says."""

    pid: int
    url: str
    access_key: str
    secret_key: str


def main() -> None:
    """Serve the folder named on the command line, unless somebody does."""
    place = Place(Path(sys.argv[1]))
    with place.serving.open("a") as alive:
        if not locks.taken(alive):
            raise SystemExit(f"another server holds {place.serving}")
        _mend(place.folder / "data")
        listening, server = _identity(place)
        os.environ.update(_surroundings(place, server))
        asyncio.run(_serve(place, server, listening))


def _surroundings(place: Place, server: Server) -> dict[str, str]:
    """What ministack reads from its environment: persistence on, everything but S3 off."""
    return {
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(place.folder / "data"),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(place.folder / "state"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": server.url.rpartition(":")[2],
        "SERVICES": "s3",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{place.folder / 'no-docker'}",
        "LOG_LEVEL": "ERROR",
    }


def _identity(place: Place) -> tuple[socket.socket, Server]:
    """A socket that listens on loopback and a key pair, both those of the last time where that can be had."""
    kept = place.folder / "identity.json"
    before = json.loads(kept.read_text()) if kept.exists() else {}
    listening = _listening(before.get("port", 0))
    port = listening.getsockname()[1]
    pair = {name: before.get(name) or secrets.token_hex(16) for name in ("access_key", "secret_key")}
    _write(kept, {"port": port, **pair})
    return listening, Server(os.getpid(), f"http://127.0.0.1:{port}", **pair)


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.bind(("127.0.0.1", 0))
    return listening


def _write(path: Path, content: Mapping[str, object]) -> None:
    """For our eyes only: it holds the secret key."""
    aside = path.with_suffix(".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as into:
        json.dump(content, into)
    aside.replace(path)


def _mend(data: Path) -> None:
    """ministack writes an object's bytes, then what it says of them: killed in between, it would say it of others."""
    for said in data.rglob("*.meta.json"):
        content = said.with_name(said.name.removesuffix(".meta.json"))
        if content.exists() and content.stat().st_mtime_ns > said.stat().st_mtime_ns:
            said.unlink()


async def _serve(place: Place, server: Server, listening: socket.socket) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app  # type: ignore[import-untyped]  # it comes without types

    logging.getLogger("s3").addHandler(_Forgetful(logging.WARNING))
    logging.getLogger("s3").setLevel(logging.WARNING)
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = 1.0
    _write(place.record, asdict(server))
    with ExitStack() as held:
        watching = asyncio.create_task(_watch(place, ending, held))
        await serve(_guarded(app, server.access_key, place.folder), config, shutdown_trigger=ending.wait)
        watching.cancel()


def _guarded(app: ASGIFramework, access_key: str, folder: Path) -> ASGIFramework:
    """Let through what is asked with this folder's access key, and the question after our health; of puts those that
    the disk has room for."""
    credential = f"Credential={access_key}/".encode()

    async def guarded(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        refusal = _refusal(scope, credential, folder) if scope["type"] == "http" else None
        if refusal is None:
            await app(scope, receive, send)
            return
        status, body = refusal
        await send({"type": "http.response.start", "status": status, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return guarded


def _refusal(scope: HTTPScope, credential: bytes, folder: Path) -> tuple[int, bytes] | None:
    """The status and the body of what is answered to a stranger, and to a put that the disk has no room for."""
    if scope["path"] != HEALTH and not _knows(scope["headers"], credential):
        return 403, b""
    if scope["method"] != "PUT":
        return None
    size = next((int(said) for name, said in scope["headers"] if name == b"content-length"), 0)
    free = shutil.disk_usage(folder).free
    if free >= size + SPARE:
        return None
    said = f"{free:,} bytes are free on the disk of the store, and {size:,} are to be kept, with {SPARE:,} to spare"
    return 507, f"<Error><Code>InsufficientStorage</Code><Message>{said}</Message></Error>".encode()


class _Forgetful(logging.Handler):
    """Ends the server when an object could not be written. ministack says so to its log alone, answers that all is well
    and forgets the object at its next start: now whoever put it gets no answer, asks again, and finds it gone."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Failed to"):
            print(record.getMessage(), file=sys.stderr, flush=True)
            os._exit(1)


def _knows(headers: Iterable[tuple[bytes, bytes]], credential: bytes) -> bool:
    return any(name == b"authorization" and credential in said for name, said in headers)


async def _watch(place: Place, ending: asyncio.Event, held: ExitStack) -> None:
    """End when nobody has used the store for a while, and let nobody in on the way out."""
    abandoned_s = 0.0
    while True:
        await asyncio.sleep(LOOK_S)
        abandoned_s = abandoned_s + LOOK_S if _nobody(place, held) else 0.0
        if abandoned_s >= ABANDONED_S:
            ending.set()
            return
        held.close()


def _nobody(place: Place, held: ExitStack) -> bool:
    """Whether no process uses the store or is about to; then nobody can until `held` is closed."""

    def mine(path: Path) -> bool:
        handle: IO[str] = held.enter_context(path.open("a"))
        return locks.taken(handle)

    return mine(place.starting) and mine(place.users)


if __name__ == "__main__":
    main()
