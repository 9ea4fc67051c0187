"""Files of this machine that the store has, too, or that can be made again: written whole, forgotten when nobody uses
them for a week."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from datazones.lacking import told

UNUSED_S = 7 * 86_400.0


def write_whole(path: Path, content: bytes, *, alone: bool = False) -> None:
    """A file that nobody ever sees half-written, whoever else writes it meanwhile. DiskFull where there is no room.

    Where it is sure that nobody else does (`alone`), the next one writes over what a killed one left beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.new" if alone else f"{path.name}.{os.getpid()}")
    with told(path.parent):
        try:
            aside.write_bytes(content)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)  # on a full disk half a file would keep what little there is


def forget(folder: Path, unused_s: float = UNUSED_S) -> int:
    """Remove what nobody has used for so long of a folder of copies from the store; the bytes that went."""
    gone = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # another process forgets, too
            found = path.stat()
            if path.is_file() and time.time() - found.st_mtime > unused_s:
                path.unlink()
                gone += found.st_size
    return gone


def use(path: Path) -> bool:
    """Whether the file is there; it is then not forgotten for a while."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True
