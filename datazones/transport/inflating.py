"""Bytes off the wire to the bytes that were meant, in bounded memory, and only whole.

Content decoders of HTTP clients end quietly where the bytes end: half a gzip is half an answer with status 200. Here
every compressed stream must bring its own end mark, checksum and length, and nothing may come after it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from datazones.errors import ProviderUnavailable, ResponseMalformed

_PIECE = 1 << 18
_ANY_RATIO_UP_TO = 1 << 24
"""A small body may be of zeros alone; only beyond this is a high ratio a bomb."""

_GZIP, _ZLIB, _RAW = 31, 15, -15


@dataclass(frozen=True, slots=True)
class Caps:
    """The most a body may take: on the wire, inflated, and the one by the other."""

    wire_bytes: int
    inflated_bytes: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Body:
    """A body that is whole as far as its own coding can tell: `proven` where one end mark says so."""

    content: bytes
    wire_bytes: int
    proven: bool


def inflate(pieces: Iterable[bytes], coding: str, subject: str, caps: Caps) -> Body:
    """The body whose Content-Encoding is `coding`: gzip of any number of members, deflate with or without its zlib
    header, or none. Bytes that are gzip without saying so stay as they are: the dialects know them.

    ProviderUnavailable when the stream ends early; ResponseMalformed when it is broken, goes on after its end, is of
    another coding or of several, or exceeds a cap.
    """
    stream = _stream(coding, subject)
    content = io.BytesIO()
    received = 0
    for piece in pieces:
        received += len(piece)
        if received > caps.wire_bytes:
            raise _too_large(subject, f"more than {caps.wire_bytes} bytes on the wire", f"{caps.wire_bytes} bytes")
        for out in stream.feed(piece):
            content.write(out)
            _check(content.tell(), received, subject, caps)
    stream.finish()
    return Body(content.getvalue(), received, stream.proven)


def _check(size: int, received: int, subject: str, caps: Caps) -> None:
    if size > caps.inflated_bytes:
        raise _too_large(subject, f"more than {caps.inflated_bytes} bytes inflated", f"{caps.inflated_bytes} bytes")
    if size > max(_ANY_RATIO_UP_TO, caps.ratio * received):
        raise _too_large(subject, f"{received} bytes that inflate to more than {size}", f"{caps.ratio:g} to 1")


def _stream(coding: str, subject: str) -> _Plain | _Deflated:
    match coding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Deflated("gzip", subject)
        case "deflate":
            return _Deflated("deflate", subject)
        case other:
            raise ResponseMalformed(
                subject,
                found=f"Content-Encoding {other!r}",
                expected="gzip, deflate or none, once",
                next_step="ask the provider without compression: set the header Accept-Encoding to identity",
            )


class _Plain:
    proven = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        yield piece

    def finish(self) -> None:
        """Nothing in plain bytes says where they end."""


class _Deflated:
    """One or more compressed streams, one behind the other."""

    def __init__(self, name: str, subject: str) -> None:
        self._name = name
        self._subject = subject
        self._held = b""
        self._open: zlib._Decompress | None = None
        self._members = 0

    @property
    def proven(self) -> bool:
        """Where there are several members, there may have been one more."""
        return self._members == 1

    def feed(self, piece: bytes) -> Iterator[bytes]:
        data = self._held + piece
        if self._name == "deflate" and len(data) < 2:
            self._held = data
            return
        self._held = b""
        full = False
        while data or full:
            inflater = self._inflater(data)
            out = self._inflated(inflater, data)
            full = len(out) == _PIECE
            data = inflater.unconsumed_tail or inflater.unused_data
            yield out

    def finish(self) -> None:
        if self._open is None or not self._open.eof:
            raise ProviderUnavailable(
                self._subject,
                found=f"a {self._name} stream that ends before its end mark",
                expected="a whole answer",
                next_step="nothing: the answer was cut short and is asked again",
            )

    def _inflater(self, data: bytes) -> zlib._Decompress:
        if self._open is None or (self._open.eof and data):
            if self._members and self._name != "gzip":
                raise self._broken("bytes after its end")
            self._open = zlib.decompressobj(_GZIP if self._name == "gzip" else _deflate_window(data))
            self._members += 1
        return self._open

    def _inflated(self, inflater: zlib._Decompress, data: bytes) -> bytes:
        try:
            return inflater.decompress(data, _PIECE)
        except zlib.error as error:
            raise self._broken(str(error)) from error

    def _broken(self, found: str) -> ResponseMalformed:
        return ResponseMalformed(
            self._subject,
            found=f"a broken {self._name} stream, number {self._members}: {found}",
            expected=f"{self._name} as Content-Encoding says, and nothing behind it",
            next_step="if the provider always answers so, set the header Accept-Encoding of the feed to identity",
        )


def _deflate_window(head: bytes) -> int:
    """deflate is zlib by the standard and raw by habit; a zlib header is told by its method and check bits."""
    return _ZLIB if head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0 else _RAW


def _too_large(subject: str, found: str, expected: str) -> ResponseMalformed:
    return ResponseMalformed(
        subject,
        found=found,
        expected=f"at most {expected}",
        next_step="if the answer is meant to be that large, ask for less at once or raise the cap",
    )
