"""What an SDMX answer comes wrapped in: a zip with one XML inside, gzip, a byte order mark, another encoding.

Inflating is bounded, so that a few bytes can never become a full disk or memory.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

from datazones.dialects import _gzipped
from datazones.dialects._wire import malformed, utf8
from datazones.dialects._zipped import files, is_zip, names

_SUBJECT = "SDMX-ML message"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 65_536

_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_ENCODINGS = re.compile(
    r"us-ascii|iso-8859-\d{1,2}|windows-125\d|utf-16(?:le|be)?|gb2312|gbk|gb18030|big5", re.IGNORECASE
)

_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|(<!DOCTYPE)[^\[>]*(?:\[.*?\]\s*)?>\s*)*", re.DOTALL
)
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]")


class Root(NamedTuple):
    """The outermost element as its first bytes show it: local name, the text of its tag, and whether a DTD precedes."""

    name: str
    tag: bytes
    has_doctype: bool


def unwrapped(body: bytes) -> bytes:
    """The XML inside as UTF-8; ResponseMalformed for a bomb, a broken archive or an odd encoding."""
    plain = _inflated(body)
    if plain.startswith(_UTF16):
        return _undeclared(utf8(plain, _SUBJECT))
    declared = _DECLARED.match(plain)
    if declared is None or declared[1].lower() == b"utf-8":
        return plain
    encoding = declared[1].decode()
    if not _ENCODINGS.fullmatch(encoding):
        raise malformed(_SUBJECT, found=f"the encoding {encoding!r}", expected="UTF-8 or a common encoding")
    try:
        return _undeclared(plain.decode(encoding).encode())
    except (UnicodeError, LookupError) as error:
        raise malformed(_SUBJECT, found=str(error), expected=f"well-formed {encoding}") from error


def _undeclared(text: bytes) -> bytes:
    """Recoded text must not go on saying which encoding it once had."""
    declared = _DECLARED.match(text)
    return text[declared.end() :] if declared else text


def beginning(head: bytes) -> bytes:
    """The first bytes of the XML inside, as far as the first bytes of its wrapping tell; never an error."""
    if is_zip(head):
        return _zip_beginning(head)
    if head.startswith(_UTF16):
        return head[: len(head) & ~1].decode("utf-16", errors="replace").encode(errors="replace")
    return _gzipped.beginning(head)


def root_of(text: bytes) -> Root | None:
    """The outermost element, or None where the text does not begin as XML does."""
    head = text[:_HEAD]
    prolog = _PROLOG.match(head)
    start = prolog.end() if prolog else 0
    found = _ROOT.match(head, start)
    if found is None:
        return None
    return Root(found[1].decode(), head[start : head.find(b">", start) + 1 or None], bool(prolog and prolog[1]))


def _zip_beginning(head: bytes) -> bytes:
    if not next(iter(names(head)), "").lower().endswith(".xml"):
        return b""
    inside = head[30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little") :]
    stored = head[8:10] == b"\0\0"
    return inside if stored else _some(zlib.decompressobj(-15), inside)


def _some(inflater: zlib._Decompress, head: bytes) -> bytes:
    try:
        return inflater.decompress(head, _HEAD)
    except zlib.error:
        return b""


def _inflated(body: bytes) -> bytes:
    if is_zip(body):
        return _unzipped(body)
    return _gzipped.plain(body, _SUBJECT)


def _unzipped(body: bytes) -> bytes:
    found = files(body, "zip of SDMX-ML")
    if len(found) != 1:
        raise malformed("zip of SDMX-ML", found=f"the files {sorted(found)}", expected="one message")
    return next(iter(found.values()))
