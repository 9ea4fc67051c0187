"""How a run of a zone or a hub ended, for whoever waits for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from datazones.model import Parent, Revisions


@dataclass(frozen=True)
class Refreshed:
    """How a refresh ended: the zone's snapshot now, and what this run changed.

    'ended before': its slot had ended already, by another run, and this one did nothing.
    """

    zone_id: str
    outcome: Literal["published", "unchanged", "ended before"]
    snapshot_id: str
    generation: int
    revisions: Revisions
    checks: int
    seconds: float


def ended(
    zone: str,
    outcome: Literal["published", "unchanged"],
    parent: Parent | None,
    changes: Revisions,
    checks: int,
    begun: float,
) -> Refreshed:
    """The end of what began at `begun`, by the processor's clock."""
    return Refreshed(
        zone_id=zone,
        outcome=outcome,
        snapshot_id=parent.snapshot_id if parent else "",
        generation=parent.generation if parent else 0,
        revisions=changes,
        checks=checks,
        seconds=round(time.perf_counter() - begun, 2),
    )
