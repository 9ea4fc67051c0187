"""One question and one answer on the wire, as the formats see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to one provider: `path` is the provider's own, `params` are those of the query and of a form."""

    method: str
    host: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer travels: `pause_s` of silence, then at `bytes_per_s` (0: at once), as far as `cut_at`.

    What is cut was promised by Content-Length all the same. `hang_up` closes the connection without a word.
    """

    pause_s: float = 0
    bytes_per_s: float = 0
    cut_at: int | None = None
    hang_up: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider sends, byte for byte; Content-Length is added."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery()


Provider = Callable[[Asked], Answer]
