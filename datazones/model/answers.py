"""What is asked of a provider, and what is kept of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Window:
    """A closed range of periods, in the provider's own notation; None is open."""

    first_period: str | None = None
    last_period: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a provider. `part` names what the answer is to the reading: 'data', 'structure' or 'metadata'.

    A dialect sets `after_s` where the answer is not ready: this is to be asked so many seconds later, in its place.
    `secrets` are asked with the params and stand nowhere else: in no key, no log, no error and no store.
    """

    url: str
    params: tuple[tuple[str, str], ...] = ()
    method: Literal["GET", "POST"] = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    part: str = "data"
    after_s: float | None = None
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Landed:
    """One answer as it was received and kept: raw bytes under their sha256, never changed.

    `request_key` names the question (method, url, params; secrets removed), so that two landings of one question can
    be compared. `headers` are the answer's, lower case.
    """

    digest: str
    size: int
    request_key: str
    part: str
    retrieved_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        """As JSON has it."""
        return {**asdict(self), "retrieved_at": self.retrieved_at.isoformat()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Landed:
        return cls(**{**plain, "retrieved_at": datetime.fromisoformat(plain["retrieved_at"])})
