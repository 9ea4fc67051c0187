"""Raw bytes as received, kept once, by digest: first in the object store, which is the truth, and beside the worker.

Everything that is loaded later can be read again from here. What a machine has not used for a week it forgets.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from datazones.errors import SnapshotTampered, StoreUnavailable
from datazones.exhausted import told
from datazones.model import Landed

UNUSED_S = 7 * 86_400.0


class Objects(Protocol):
    """The part of an object store that landing needs."""

    def create(self, key: str, content: bytes) -> None:
        """Put the object unless it is there already with the same bytes."""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object's bytes and its ETag; None when there is none."""


def write_whole(path: Path, content: bytes) -> None:
    """A file that nobody ever sees half-written, whoever else writes it meanwhile. DiskFull where there is no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}")
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


class Landing:
    """Raw answers of one zone: objects under `<prefix>/raw/`, files in `folder`, both named by sha256."""

    def __init__(self, objects: Objects, prefix: str, folder: Path) -> None:
        self._objects = objects
        self._prefix = prefix
        self._folder = folder

    def keep(
        self, body: bytes, *, request_key: str, part: str, retrieved_at: datetime, headers: Mapping[str, str]
    ) -> Landed:
        """Store the bytes, if they are not stored yet, before anything looks at them."""
        digest = sha256(body).hexdigest()
        self._objects.create(self._key(digest), body)
        self._write(digest, body)
        return Landed(digest, len(body), request_key, part, retrieved_at, dict(headers))

    def path(self, landed: Landed) -> Path:
        """A file with these bytes on this machine, fetched from the store if another worker landed them."""
        path = self._folder / landed.digest
        if not use(path):
            self._write(landed.digest, self._fetch(landed))
        return path

    def is_here(self, landed: Landed) -> bool:
        """Whether this machine has the bytes, whichever zone landed them."""
        return use(self._folder / landed.digest)

    def _fetch(self, landed: Landed) -> bytes:
        found = self._objects.get(self._key(landed.digest))
        if found is None:
            raise StoreUnavailable(
                self._key(landed.digest),
                found="no such object",
                expected="the raw answer that the load log names",
                next_step="check the bucket's lifecycle rules: raw answers are never to expire",
            )
        if sha256(found[0]).hexdigest() != landed.digest:
            raise SnapshotTampered(
                self._key(landed.digest),
                found="bytes with another sha256",
                expected=landed.digest,
                next_step="find out who wrote to the bucket; restore the object from a backup",
            )
        return found[0]

    def _key(self, digest: str) -> str:
        return f"{self._prefix}/raw/{digest}"

    def _write(self, digest: str, body: bytes) -> None:
        path = self._folder / digest
        if not use(path):
            write_whole(path, body)
