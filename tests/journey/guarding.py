"""Looking at an installation as somebody who was not asked in, and looking for its secrets where none may be."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from infra.upkeep import postgres
from tests.journey.installed import Installation

UNGUARDED = {("get", "/api/health"), ("get", "/api/ready")}
"""What tells a probe whether the server lives, and nothing else."""

OWN_FILES = ("up/auth", "keys/", "store/server.json", "store/identity.json", "redis/redis.conf")
"""Where secrets are kept, for their owner alone."""


def routes(found: Installation) -> set[tuple[str, str]]:
    """Every method and path of the API, as it tells those whom it lets in."""
    told = httpx.get(f"{found.state.ui_url}/api/openapi.json", auth=_basic(found), timeout=60).json()
    return {
        (method, path if path.startswith("/api") else f"/api{path}")
        for path, methods in told["paths"].items()
        for method in methods
    }


def answers(found: Installation, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The status that a stranger gets at each of these."""
    with httpx.Client(base_url=found.state.ui_url, timeout=60) as stranger:
        return {(method, path): stranger.request(method, _filled(path), json={}).status_code for method, path in asked}


def _filled(path: str) -> str:
    return re.sub(r"{\w+}", str(uuid4()), path)


def is_heard(found: Installation, path: str, words: str) -> bool:
    """Whether a stranger's websocket is listened to after these first words."""
    url = f"{found.state.api_url.replace('http', 'ws', 1)}/{path}"
    try:
        with connect(url, subprotocols=["prefect"], open_timeout=60) as wire:  # type: ignore[list-item]
            wire.send(words)
            return '"auth_success"' in str(wire.recv(timeout=30))
    except (WebSocketException, OSError, EOFError):
        return False


def forged(found: Installation) -> int:
    """The status of what a page of somebody else's has a browser send that is logged in."""
    return httpx.post(f"{found.state.api_url}/flow_runs/filter", json={}, auth=_basic(found), timeout=60).status_code


def shares_with(found: Installation, origin: str) -> str | None:
    """The origin whose scripts may read the API's answers, when this one asks."""
    answer = httpx.get(f"{found.state.api_url}/health", headers={"origin": origin}, timeout=60)
    allowed: str | None = answer.headers.get("access-control-allow-origin")
    return allowed


def leaks(found: Installation, secrets: Iterable[str]) -> list[str]:
    """Where one of the secrets stands that may not: files, the bucket, Prefect's database, command lines."""
    wanted = [secret.encode() for secret in secrets]
    return [place for place, content in _places(found) if any(secret in content for secret in wanted)]


def _places(found: Installation) -> Iterator[tuple[str, bytes]]:
    for path in found.home.rglob("*"):
        name = str(path.relative_to(found.home))
        if path.is_file() and not name.startswith((*OWN_FILES, "postgres/")):
            with suppress(FileNotFoundError):
                content = path.read_bytes()
                yield name, content + _inflated(content)
    yield "Prefect's database", _dump(found)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield f"the command line of {process.name}", (process / "cmdline").read_bytes()


def _inflated(content: bytes) -> bytes:
    with suppress(OSError, EOFError, zlib.error):
        return gzip.decompress(content)
    return b""


def _dump(found: Installation) -> bytes:
    """All rows of the database that Prefect's server stands on."""
    port = (found.home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[3]
    where = ["-h", "127.0.0.1", "-p", port, "-U", postgres.OWNER, "postgres"]
    password = {**os.environ, "PGPASSWORD": (found.home / "keys" / "foundations").read_text()}
    told = subprocess.run(["pg_dump", *where], capture_output=True, check=True, env=password, timeout=120)
    assert b"flow_run" in told.stdout
    return told.stdout


def _basic(found: Installation) -> tuple[str, str]:
    user, _, password = found.auth.partition(":")
    return user, password
