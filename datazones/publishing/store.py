"""One bucket of an S3-compatible store, with the two writes that everything else is built on.

`create` puts an object that must not be there yet; `swap` replaces one that must still be as it was read. Either may
lose its answer on the way, and then comes back as a refusal of one's own object: so whatever is not a plain success is
settled by reading back. Nothing is ever deleted because an outcome is unknown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Self, TypedDict

from botocore.exceptions import ClientError

from datazones.errors import CatalogueInvalid, NotPermitted, SnapshotTampered, StoreUnavailable
from datazones.publishing.answers import asking, is_absent, is_damaged, is_denied, is_refused
from datazones.publishing.connecting import StoreAddress, connected
from datazones.publishing.receiving import chunks

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef

PAUSES_S = (0.05, 0.2, 0.8)
"""After a put that neither succeeded nor was overtaken, before the same put is tried again."""

SMALL = 1 << 18
"""Up to so many bytes an object is sent without asking first whether it is there: that would take as long."""

_DIGEST = "sha256"
_MD5_OF_NOTHING = "1B2M2Y8AsgTpgAmY7PhCfg=="


class Outcome(Enum):
    """Whose object is there after a conditional put. UNKNOWN: nobody can say, and a late put may still arrive."""

    OURS = "ours"
    NOT_OURS = "not ours"
    UNKNOWN = "unknown"


class Condition(TypedDict, total=False):
    """What must hold for a put, as S3 names it."""

    IfMatch: str
    IfNoneMatch: str


ABSENT: Condition = {"IfNoneMatch": "*"}


@dataclass(frozen=True, slots=True)
class Sealed:
    """Bytes, or an open file that nobody writes to, with their size and sha256. A file may have up to 5 GB."""

    content: bytes | BufferedReader
    size: int
    digest: str

    @classmethod
    def of(cls, content: bytes | BufferedReader) -> Self:
        if isinstance(content, bytes):
            return cls(content, len(content), sha256(content).hexdigest())
        content.seek(0)
        digest = file_digest(content, _DIGEST).hexdigest()
        return cls(content, content.tell(), digest)

    def body(self) -> bytes | BufferedReader:
        """As a put sends it: a file from its start."""
        if not isinstance(self.content, bytes):
            self.content.seek(0)
        return self.content


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it."""

    key: str
    size: int
    etag: str
    modified_at: datetime


class Store:
    """One bucket. Keys are whole; ETags are without quotes, the one form that every server takes back.

    Every method raises StoreUnavailable when the store does not answer, NotPermitted when the key may not do this, and
    CatalogueInvalid when the settings are wrong.
    """

    def __init__(self, client: S3Client, bucket: str, before_writing: Callable[[], None] | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._before_writing = before_writing
        self._one = Lock()

    @classmethod
    @contextmanager
    def at(cls, address: StoreAddress, before_writing: Callable[[], None] | None = None) -> Iterator[Self]:
        """The bucket at this address. `before_writing` is done before the first write, and no write if it raises."""
        client = connected(address)
        try:
            yield cls(client, address.bucket, before_writing)
        finally:
            client.close()

    @property
    def bucket(self) -> str:
        return self._bucket

    def admit(self) -> None:
        """Do now what has to be done before the first write, if it was not yet."""
        with self._one:
            if self._before_writing:
                self._before_writing()
                self._before_writing = None

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object's bytes and its ETag; None when there is none."""
        answer = self._asked(key)
        if answer is None:
            return None
        with asking(self._name(key)):
            return b"".join(chunks(answer["Body"])), answer["ETag"].strip('"')

    def get_to(self, key: str, path: Path) -> str | None:
        """Write the object to a file, down to the disk; its sha256, or None when there is none."""
        answer = self._asked(key)
        if answer is None:
            return None
        with path.open("wb") as into:
            digest = self._poured(key, answer, into)
            os.fsync(into.fileno())
        return digest

    def digest(self, key: str) -> str | None:
        """The sha256 of the object's bytes, all of them read back; None when there is none."""
        answer = self._asked(key)
        return self._poured(key, answer, None) if answer else None

    def create(self, key: str, content: bytes | Sealed) -> None:
        """Put the object unless it is there with the same bytes, which then are not sent again if they are many.

        SnapshotTampered when others are there; StoreUnavailable when nobody can say.
        """
        self.admit()
        sealed = Sealed.of(content) if isinstance(content, bytes) else content
        outcome = self._whose(key, sealed) if sealed.size > SMALL else Outcome.UNKNOWN
        why = ""
        if outcome is Outcome.UNKNOWN:
            outcome, why = _settled(lambda: self._put(key, sealed, ABSENT), lambda: self._whose(key, sealed))
        if outcome is Outcome.NOT_OURS:
            raise self._other_bytes(key, sealed)
        if outcome is Outcome.UNKNOWN:
            raise self._unsettled(key, why)

    def swap(self, key: str, content: bytes, etag: str | None) -> Outcome:
        """Replace the object if it is still the one with this ETag; with None, create it if there is none.

        `content` must carry a nonce: it is by its bytes that a swap whose answer was lost is known to be ours.
        """
        self.admit()
        condition: Condition = {"IfMatch": etag} if etag else ABSENT

        def look() -> Outcome:
            held, found = self.get(key) or (None, None)
            if held == content:
                return Outcome.OURS
            return Outcome.UNKNOWN if found == etag else Outcome.NOT_OURS

        sealed = Sealed.of(content)
        outcome, _ = _settled(lambda: self._put(key, sealed, condition), look)
        return outcome

    def listing(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Every object whose key begins with `prefix` and follows `after`, in order of keys."""
        with asking(self._name(prefix)):
            page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, StartAfter=after)
            while True:
                for found in page.get("Contents", ()):
                    yield Listed(found["Key"], found["Size"], found["ETag"].strip('"'), found["LastModified"])
                if not page["IsTruncated"]:
                    return
                page = self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=prefix, ContinuationToken=page["NextContinuationToken"]
                )

    def remove(self, key: str) -> None:
        """Delete an object that nothing refers to."""
        self.admit()
        with asking(self._name(key)):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def refuses_damage(self, key: str) -> bool:
        """Whether a put is refused when its bytes are not those that its Content-MD5 promises."""
        with asking(self._name(key)):
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=b"damaged", ContentMD5=_MD5_OF_NOTHING)
            except ClientError as error:
                if is_damaged(error):
                    return True
                raise
        return False

    def _put(self, key: str, sealed: Sealed, condition: Condition) -> str | None:
        """Why the store does not say that it has it; None when it does."""
        metadata = {_DIGEST: sealed.digest}
        try:
            with asking(self._name(key)):
                try:
                    self._client.put_object(
                        Bucket=self._bucket, Key=key, Body=sealed.body(), Metadata=metadata, **condition
                    )
                except ClientError as error:
                    if is_refused(error):
                        return "a put that was refused"
                    raise
        except StoreUnavailable as error:
            return error.found
        return None

    def _whose(self, key: str, sealed: Sealed) -> Outcome:
        """Whether the object is this one, by its size and the sha256 it was put with, else by its bytes."""
        with asking(self._name(key)):
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if self._is_missing(key, error):
                    return Outcome.UNKNOWN
                raise
        same = found["ContentLength"] == sealed.size and sealed.digest == (
            found["Metadata"].get(_DIGEST) or self.digest(key)
        )
        return Outcome.OURS if same else Outcome.NOT_OURS

    def _asked(self, key: str) -> GetObjectOutputTypeDef | None:
        with asking(self._name(key)):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if self._is_missing(key, error):
                    return None
                raise

    def _is_missing(self, key: str, error: ClientError) -> bool:
        """Whether there is no such object. Where that is withheld a listing of its own name says it."""
        if not is_denied(error):
            return is_absent(error)
        try:
            return all(found.key != key for found in self.listing(key))
        except (NotPermitted, CatalogueInvalid):
            return False

    def _poured(self, key: str, answer: GetObjectOutputTypeDef, into: IO[bytes] | None) -> str:
        """The sha256 of an answer's bytes, which go into the file if there is one."""
        digest = sha256()
        with asking(self._name(key)):
            for chunk in chunks(answer["Body"]):
                digest.update(chunk)
                if into:
                    into.write(chunk)
        return digest.hexdigest()

    def _name(self, key: str) -> str:
        return f"{self._bucket}/{key}"

    def _other_bytes(self, key: str, sealed: Sealed) -> SnapshotTampered:
        return SnapshotTampered(
            self._name(key),
            found="an object with other bytes",
            expected=f"none, or the one with sha256 {sealed.digest}",
            next_step="find out who wrote to this prefix; nothing was overwritten",
        )

    def _unsettled(self, key: str, why: str) -> StoreUnavailable:
        return StoreUnavailable(
            self._name(key),
            found=f"{why}, and no object",
            expected="the object that was put",
            next_step="check the store's health, then run again; nothing was lost",
        )


def _settled(put: Callable[[], str | None], look: Callable[[], Outcome]) -> tuple[Outcome, str]:
    """Put until it is known whose object is there, and why the last put did not take. One that is tried again cannot
    win twice: its condition is gone once it has won."""
    why = ""
    for pause in PAUSES_S:
        refused = put()
        if refused is None:
            return Outcome.OURS, ""
        why = refused
        try:
            outcome = look()
        except StoreUnavailable:
            return Outcome.UNKNOWN, why
        if outcome is not Outcome.UNKNOWN:
            return outcome, why
        time.sleep(pause)
    return Outcome.UNKNOWN, why
