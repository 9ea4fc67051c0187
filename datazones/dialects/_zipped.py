"""Archives that several dialects meet: which files are inside, and their bytes, inflated within bounds."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from datazones.dialects._wire import malformed

FREELY_INFLATED = 64 << 20
LARGEST_RATIO = 200
"""Real tables deflate to a tenth, with mostly empty cells to a hundredth; a bomb to a thousandth."""

_MAGIC = b"PK\x03\x04"
_LOCAL_HEADER = re.compile(rb"PK\x03\x04.{22}(?P<name_length>..).{2}", re.DOTALL)
_MOST_FILES = 100
_BROKEN = (ArithmeticError, EOFError, LookupError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
"""What the standard library's reader has been seen to raise at broken archives."""


def is_zip(body: bytes) -> bool:
    return body.startswith(_MAGIC)


def names(head: bytes) -> list[str]:
    """The names of the files that begin within the first bytes of an archive; none where it is no archive."""
    if not is_zip(head):
        return []
    return [
        head[found.end() : found.end() + int.from_bytes(found["name_length"], "little")].decode("utf-8", "replace")
        for found in _LOCAL_HEADER.finditer(head)
    ]


def files(body: bytes, subject: str) -> dict[str, bytes]:
    """Every file of an archive by its name. ResponseMalformed for a bomb, a broken or an encrypted archive."""
    left = max(FREELY_INFLATED, LARGEST_RATIO * len(body))
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for member in _members(archive, subject):
                with archive.open(member) as file:
                    found[member.filename] = file.read(left + 1)
                left -= len(found[member.filename])
                if left < 0:
                    raise malformed(subject, found="a file that inflates beyond reason", expected="a plausible size")
    except _BROKEN as error:
        raise malformed(subject, found=f"{error}", expected="a whole zip archive") from error
    return found


def _members(archive: zipfile.ZipFile, subject: str) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    different = {member.filename for member in members}
    if len(members) > _MOST_FILES or len(different) < len(members):
        raise malformed(
            subject,
            found=f"{len(members)} files of {len(different)} names",
            expected=f"at most {_MOST_FILES} files of as many names",
        )
    return members
