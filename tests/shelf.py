"""Where answers are kept in a test, as landing keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from datazones.model import Landed, Request
from datazones.transport import Answer, request_key


class Shelf:
    """Bytes by digest, and the last answer to each question."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.last: dict[str, Landed] = {}

    def keep(self, request: Request, answer: Answer) -> Landed:
        digest = sha256(answer.body).hexdigest()
        self.bodies[digest] = answer.body
        key, headers = request_key(request), answer.headers
        self.last[key] = Landed(digest, len(answer.body), key, request.part, answer.retrieved_at, headers)
        return self.last[key]

    def held(self, request: Request) -> tuple[Landed, bytes] | None:
        landed = self.last.get(request_key(request))
        return (landed, self.bodies[landed.digest]) if landed else None

    def texts(self, landed: Sequence[Landed]) -> list[bytes]:
        return [self.bodies[each.digest] for each in landed]
