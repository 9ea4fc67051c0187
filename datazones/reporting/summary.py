"""What a run did to its zone, as a person reads it who looks at the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datazones.model import Brought, Parent, Revisions


@dataclass(frozen=True, slots=True)
class Summary:
    """How a candidate ended, what each feed brought since `before`, and by name the addresses where it lies.

    `generation` is the candidate's own, `before` what was published when it was built. A hub has no feeds of its own.
    """

    zone_name: str
    outcome: Literal["published", "held back"]
    generation: int
    before: Parent | None
    changes: Revisions
    feeds: tuple[Brought, ...]
    places: Mapping[str, str]

    @property
    def headline(self) -> str:
        """In one line."""
        return f"{self.zone_name}, generation {self.generation}: {self.outcome}"


def state(feed: Brought) -> str:
    """How a feed came out of the run."""
    if feed.vintage_id is None:
        return "nothing yet"
    return "new" if feed.vintages else "unchanged"
