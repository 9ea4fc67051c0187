"""What a caller hands to the transport, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_REMEMBERED = ("content-type", "etag", "last-modified")


@dataclass(frozen=True, slots=True)
class Manners:
    """How one provider is treated, and how far it is trusted.

    `allowed_hosts` are the only hosts asked, also after a redirect: `host`, or `host:port` where the port is not the
    scheme's own. `deadline_s` is the total for one question: waits, attempts, redirects and the last byte.
    `wire_cap_bytes` counts bytes as received, `inflated_cap_bytes` what they become, `ratio_cap` the one by the other.
    `longest_wait_s` is the most that a provider's Retry-After is waited for. `calls_per_minute` is kept together by all
    processes that share `quota_folder`; it holds when both are set. `turns` is asked beside it where machines keep a
    quota together: given the longest wait, it waits for a turn and gives the seconds it took, or more than that.
    `certificates` is a file of further certificate authorities, for a provider that does not send its whole chain.
    """

    user_agent: str
    allowed_hosts: frozenset[str]
    deadline_s: float = 120.0
    wire_cap_bytes: int = 1 << 30
    inflated_cap_bytes: int = 2 << 30
    ratio_cap: float = 200.0
    longest_wait_s: float = 60.0
    attempts: int = 4
    private_addresses_allowed: bool = False
    calls_per_minute: float | None = None
    quota_folder: Path | None = None
    certificates: Path | None = None
    turns: Callable[[float], float] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer. `headers` are lower case; `body` is inflated as Content-Encoding says, and no further."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    retrieved_at: datetime
    not_modified: bool = False

    @property
    def remembered(self) -> dict[str, str]:
        """The headers that are kept with an answer: what it says it is, and what to ask with next time."""
        return {name: self.headers[name] for name in _REMEMBERED if name in self.headers}
