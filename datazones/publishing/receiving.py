"""The body of an answer, as it comes in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.response import StreamingBody

CHUNK = 1 << 20

_AT_ONCE = getattr(socket, "TCP_QUICKACK", None)
"""Linux has it."""


def chunks(body: StreamingBody) -> Iterator[bytes]:
    """All of it, piece by piece; of an answer that breaks off the connection is given up."""
    with body as raw:
        while True:
            _acknowledge(raw)
            chunk = body.read(CHUNK)
            if not chunk:
                return
            yield chunk


def _acknowledge(raw: object) -> None:
    """Tell the server now what has arrived. Ceph's gateway, for one, sends the head of an answer by itself, and a body
    of less than a packet only once it knows that the head was received; a machine keeps that to itself for 40 ms,
    unless it is asked each time."""
    connection = getattr(raw, "connection", None)
    wire = getattr(connection, "sock", None)
    if wire is not None and _AT_ONCE is not None:
        wire.setsockopt(socket.IPPROTO_TCP, _AT_ONCE, 1)
