"""A transport that asks a scripted server in the provider's place, and the question it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from datazones.model import Request
from datazones.transport import Manners, Transport
from tests.faults.rawserver import RawServer, Reply

HOST = "api.example.org"
QUESTION = Request(f"https://{HOST}/v2/figures", (("per_page", "1000"),))
MANNERS = Manners(
    user_agent="datazones tests", allowed_hosts=frozenset({HOST, "data.example.org"}), deadline_s=5.0, attempts=1
)
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)


@contextmanager
def transport_to(server: RawServer, **changed: object) -> Iterator[Transport]:
    with Transport(replace(MANNERS, **changed), lambda: NOW, server.url) as transport:
        yield transport


@contextmanager
def provider(
    replies: Sequence[Reply] | Callable[[bytes], Reply], **changed: object
) -> Iterator[tuple[RawServer, Transport]]:
    """A server with these replies and a transport that asks it."""
    with RawServer(replies) as server, transport_to(server, **changed) as transport:
        yield server, transport
