"""Raw bytes as received, kept once, by digest: first in the object store, which is the truth, and beside the worker.

Everything that is loaded later can be read again from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from datazones.copies import use, write_whole
from datazones.errors import SnapshotTampered, StoreUnavailable
from datazones.model import Landed


class Objects(Protocol):
    """The part of an object store that landing needs."""

    def create(self, key: str, content: bytes) -> None:
        """Put the object unless it is there already with the same bytes."""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object's bytes and its ETag; None when there is none."""


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
