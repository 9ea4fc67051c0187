"""What a machine lacks, room, memory or a right, told as such wherever it shows."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage

from datazones.errors import DatazonesError, DiskFull, MemoryShort, NotPermitted

_FULL = ("No space left on device", "Disk quota exceeded", "max_temp_directory_size")
"""How polars and DuckDB say it, the last of what spills."""

_SHORT = "Out of Memory Error"
"""How DuckDB says it."""

_FORBIDDEN = ("Permission denied", "Read-only file system")
"""How polars and DuckDB say it."""

_NAMED = re.compile(r"""["'](/[^"']*)["']""")
"""A file, as Python and DuckDB name it."""


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Within this, DiskFull, MemoryShort and NotPermitted stand for whatever was raised because of that; what is
    written lies in `folder`, unless the error names another file."""
    try:
        yield
    except DatazonesError:
        raise
    except Exception as error:
        found = what_is_lacking(error, str(folder), folder)
        if found is None:
            raise
        raise found from error


def what_is_lacking(
    error: BaseException | str, subject: str, folder: Path
) -> DiskFull | MemoryShort | NotPermitted | None:
    """The error of ours that this one, or one that it came from, amounts to; None if it is another."""
    each: BaseException | str | None = error
    while each is not None:
        text = str(each).partition("\n")[0]
        if _is_full(each):
            return DiskFull(
                subject,
                found=f"{text}; {_free(Path((_NAMED.findall(text) or [folder])[-1]))}",
                expected="room for what has to be written",
                next_step="make room there, or set DATAZONES_HOME to a larger disk, then run again; nothing was lost",
            )
        if isinstance(each, MemoryError) or _SHORT in str(each):
            return MemoryShort(
                subject,
                found=text or "an allocation that failed",
                expected="a step that ends within DATAZONES_MEMORY_LIMIT_MB",
                next_step="raise DATAZONES_MEMORY_LIMIT_MB if the machine has more, then run again; nothing was lost",
            )
        if _is_forbidden(each):
            return NotPermitted(
                (_NAMED.findall(text) or [subject])[-1],
                found=text,
                expected=f"a file that the user with number {os.geteuid()} may use",
                next_step="give that user the right, or set DATAZONES_HOME to a folder of theirs",
            )
        each = each.__cause__ or each.__context__ if isinstance(each, BaseException) else None
    return None


def _is_full(error: BaseException | str) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in (errno.ENOSPC, errno.EDQUOT) or any(said in str(error) for said in _FULL)


def _is_forbidden(error: BaseException | str) -> bool:
    """Of a file: who may not connect to a server is told elsewhere."""
    if isinstance(error, OSError):
        return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and error.filename is not None
    return any(said in str(error) for said in _FORBIDDEN) and bool(_NAMED.search(str(error)))


def room(path: Path) -> tuple[int, Path]:
    """The bytes that are free where this is, or would be, and the folder there that exists."""
    there = next(folder for folder in (path, *path.parents) if folder.is_dir())
    return disk_usage(there).free, there


def _free(path: Path) -> str:
    free, there = room(path)
    return f"{free:,} bytes are free at {there}"
