"""The text inside a body, whatever it is wrapped in: each file of a zip, in the encoding that the format uses."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

_ENCODINGS = ("utf-8", "gb18030")
_WITH_MARK = "utf-16"


def changed(body: bytes, change: Callable[[str], str], encoding: str | None = None) -> bytes:
    """The body with its text changed; in another encoding if one is named."""
    if body.startswith(b"PK\x03\x04"):
        return _repacked(body, lambda inside: changed(inside, change, encoding))
    own = _WITH_MARK if body[:2] in (b"\xff\xfe", b"\xfe\xff") else next(each for each in _ENCODINGS if _is(body, each))
    return change(body.decode(own)).encode(encoding or own)


def _is(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _repacked(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for about in before.infolist():
            after.writestr(about, change(before.read(about)))
    return packed.getvalue()
