"""An S3 at the wire, in memory: the five requests that the store makes, with their conditions, and nothing else.

For what has to ask a store a million times; what a store really does is tested on real ones.
"""

from __future__ import annotations

import bisect
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from botocore.exceptions import ClientError

from datazones.publishing import Store

PAGE = 1000


class WireStore:
    """Objects by key. Set `down`, and no request is answered."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._keys: list[str] = []
        self.down = False
        self.asked = 0

    def store(self) -> Store:
        return Store(self, "year")  # type: ignore[arg-type]  # it stands in for a client, at the wire

    def get_object(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
        self._ask()
        held = self.objects.get(asked["Key"])
        if held is None:
            raise _refusal("NoSuchKey", 404)
        return {"Body": io.BytesIO(held), "ETag": _etag(held)}

    def put_object(self, **asked: Any) -> None:  # noqa: ANN401
        self._ask()
        key, held = asked["Key"], self.objects.get(asked["Key"])
        if ("IfNoneMatch" in asked and held is not None) or ("IfMatch" in asked and not _is(held, asked["IfMatch"])):
            raise _refusal("PreconditionFailed", 412)
        if held is None:
            bisect.insort(self._keys, key)
        self.objects[key] = asked["Body"]

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
        self._ask()
        found = list(self._following(asked["Prefix"], asked.get("ContinuationToken") or asked["StartAfter"]))
        page, now = found[:PAGE], datetime.now(UTC)
        listed = [{"Key": key, "Size": 0, "ETag": '""', "LastModified": now} for key in page]
        more = len(found) > PAGE
        return {"Contents": listed, "IsTruncated": more, "NextContinuationToken": page[-1] if more else ""}

    def _following(self, prefix: str, after: str) -> Iterator[str]:
        place = max(bisect.bisect_right(self._keys, after), bisect.bisect_left(self._keys, prefix))
        for key in self._keys[place : place + PAGE + 1]:
            if not key.startswith(prefix):
                return
            yield key

    def _ask(self) -> None:
        self.asked += 1
        if self.down:
            raise _refusal("ServiceUnavailable", 503)


def _etag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


def _is(held: bytes | None, etag: str) -> bool:
    return held is not None and _etag(held).strip('"') == etag


def _refusal(code: str, http: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": http}}, "asked")  # type: ignore[typeddict-item]
