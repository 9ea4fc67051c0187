"""A gzip body that came without saying so, as Eurostat sends them: inflated within bounds, and only whole."""

from __future__ import annotations

import zlib

from datazones.dialects._wire import malformed
from datazones.dialects._zipped import FREELY_INFLATED, LARGEST_RATIO

_MAGIC = b"\x1f\x8b"
_WITH_HEADER = 31
_BEGINNING = 65_536


def beginning(head: bytes) -> bytes:
    """The first bytes of what is inside, as far as the first bytes of the answer tell; never an error."""
    if not head.startswith(_MAGIC):
        return head
    try:
        return zlib.decompressobj(_WITH_HEADER).decompress(head, _BEGINNING)
    except zlib.error:
        return b""


def plain(body: bytes, subject: str) -> bytes:
    """What is inside, or the body where it is no gzip. ResponseMalformed for a bomb and a cut or broken stream."""
    left = max(FREELY_INFLATED, LARGEST_RATIO * len(body))
    members: list[bytes] = []
    while body.startswith(_MAGIC):
        inflater = zlib.decompressobj(_WITH_HEADER)
        try:
            members.append(inflater.decompress(body, left + 1))
        except zlib.error as error:
            raise malformed(subject, found=f"broken gzip: {error}", expected="a whole gzip stream") from error
        left -= len(members[-1])
        if left < 0:
            raise malformed(subject, found="gzip that inflates beyond reason", expected="a plausible size")
        if not inflater.eof:
            raise malformed(subject, found="gzip that breaks off", expected="the end of the stream")
        body = inflater.unused_data
    if members and body:
        raise malformed(subject, found=f"bytes after the end of a gzip stream: {body[:20]!r}", expected="its end")
    return b"".join(members) if members else body
