"""One question and one answer on the wire, as the formats see them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import NamedTuple, cast

_PIECE = 1 << 16

Body = bytes | Iterable[bytes]
"""All of it; or, where it is long, pieces that are made as they are sent."""


class Serves(NamedTuple):
    """What a format speaks for: a host, a regular expression of the whole path, and one of the `format` asked for."""

    host: str
    path: str
    spoken: str = ".*"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to one provider: `path` is the provider's own, `pairs` are those of the query and of a form."""

    method: str
    host: str
    path: str
    pairs: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    now: datetime

    @property
    def params(self) -> dict[str, str]:
        """The parameters of which one is meant; of several the last."""
        return dict(self.pairs)

    def every(self, name: str) -> list[str]:
        """What a parameter says that may be repeated."""
        return [text for said, text in self.pairs if said == name]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer travels: `pause_s` of silence, then at `bytes_per_s` (0: at once), as far as `cut_at`.

    What is cut was promised all the same: by Content-Length, or by a last chunk that never comes. `reset` ends the
    connection by a reset, `hang_up` before a word is said. Not `framed`, nothing but the end of the connection says
    where the body ends.
    """

    pause_s: float = 0
    bytes_per_s: float = 0
    cut_at: int | None = None
    hang_up: bool = False
    reset: bool = False
    framed: bool = True


@dataclass(frozen=True, slots=True)
class Deferral:
    """That an answer is put off: `by` what, how many `polls` it takes, and what Retry-After says till then."""

    by: str
    polls: int
    wait: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider sends, byte for byte. Content-Length is added, or chunks are made where the body is pieces."""

    body: Body
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery()
    deferral: Deferral | None = None

    @property
    def pieces(self) -> Iterable[bytes]:
        return [self.body] if isinstance(self.body, bytes) else self.body

    def whole(self) -> bytes:
        """The body in memory: for what is done to all of its bytes."""
        return b"".join(self.pieces)

    def said(self, content_type: str) -> Answer:
        return replace(self, headers=(*self.headers, ("Content-Type", content_type)))


Provider = Callable[[Asked], Answer]


def streamed(parts: Iterable[str | bytes]) -> Body:
    """Small parts as a body: all of it where that is little, else pieces."""
    pieces = _pieces(parts)
    first, second = next(pieces, b""), next(pieces, None)
    return first if second is None else chain([first, second], pieces)


def _pieces(parts: Iterable[str | bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for part in parts:
        piece += part.encode() if isinstance(part, str) else part
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[object]], separator: str = ",", *, crlf: bool = False) -> Iterator[str]:
    """Each row as a line of CSV."""
    writer = csv.writer(_Echo(), delimiter=separator, lineterminator="\r\n" if crlf else "\n")
    return (cast("str", writer.writerow(row)) for row in rows)
