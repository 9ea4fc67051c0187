"""Pure: the state of one chunk, and how it moves.

    planned -> running -> done | failed | held
    running -> planned      it gave way, or its worker died and the claim ran out: whoever is next goes on with it
    failed, held -> planned a person said `retry`
    planned -> cancelled    and running, once its worker looks

What each slice came to is kept with the chunk, so that whoever goes on does nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import orjson

State = Literal["planned", "running", "done", "failed", "held", "cancelled"]
ENDED: frozenset[State] = frozenset({"done", "failed", "held", "cancelled"})

LEASE_S = 30.0
"""For how long a claim holds without a word of its worker."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one slice came to: its answers `landed`; they are `loaded` and published; the provider has `nothing`; or it
    `failed`, and why. `calls` were made for it, and `size` bytes landed."""

    state: Literal["landed", "loaded", "nothing", "failed"]
    calls: int = 0
    size: int = 0
    reason: str = ""

    @property
    def done(self) -> bool:
        return self.state in ("loaded", "nothing")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of one zone. `owner` holds it until `deadline` (seconds since 1970); `attempt` counts claims.

    `outcomes` are those of its slices, by number. `snapshot` is what was published, or what waits for a person.
    """

    number: int
    state: State = "planned"
    attempt: int = 0
    owner: str = ""
    deadline: float = 0.0
    reason: str = ""
    snapshot: str = ""
    begun_at: float = 0.0
    ended_at: float = 0.0
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)

    def free(self, now: float) -> bool:
        """Whether a worker may take it: nobody has it, or who had it is dead."""
        return self.state == "planned" or (self.state == "running" and self.deadline < now)

    def claimed(self, owner: str, now: float, lease_s: float = LEASE_S) -> Chunk:
        """In this owner's hands."""
        return replace(
            self,
            state="running",
            attempt=self.attempt + 1,
            owner=owner,
            deadline=now + lease_s,
            begun_at=self.begun_at or now,
            reason="",
        )

    def kept(self, now: float, outcomes: Mapping[int, Outcome], lease_s: float = LEASE_S) -> Chunk:
        """Still in its owner's hands, so far."""
        return replace(self, deadline=now + lease_s, outcomes=outcomes)

    def laid_down(self) -> Chunk:
        """Given back before its end: the next one goes on with it."""
        return replace(self, state="planned", owner="", deadline=0.0)

    def ended(self, now: float, state: State, reason: str = "", snapshot: str = "") -> Chunk:
        """At its end, whichever that is."""
        return replace(self, state=state, ended_at=now, deadline=0.0, reason=reason, snapshot=snapshot or self.snapshot)

    def approved(self) -> Chunk:
        """Done: a person has published what waited."""
        outcomes = {
            number: replace(outcome, state="loaded") if outcome.state == "landed" else outcome
            for number, outcome in self.outcomes.items()
        }
        return replace(self, state="done", reason="", outcomes=outcomes)

    def tried_again(self) -> Chunk:
        """Planned anew: what failed is open, what is done stays done, what landed is not asked again."""
        left = {number: outcome for number, outcome in self.outcomes.items() if outcome.state != "failed"}
        return replace(self, state="planned", attempt=0, owner="", deadline=0.0, reason="", outcomes=left)

    def plain(self) -> bytes:
        """As the store has it, apart from the nonce."""
        said = asdict(self)
        said["outcomes"] = {str(number): list(asdict(each).values()) for number, each in self.outcomes.items()}
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Chunk:
        outcomes = {int(number): Outcome(*parts) for number, parts in plain["outcomes"].items()}
        return cls(**{**{name: plain[name] for name in cls.__dataclass_fields__}, "outcomes": outcomes})
