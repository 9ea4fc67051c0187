"""On one machine one run at a time works on a zone: it has one working copy, and one candidate is built of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra import locks
from tasks.equip import Equipment

PATIENCE_S = 1800.0


@contextmanager
def turn(equipment: Equipment, zone_id: str) -> Iterator[None]:
    """While this lasts no other run of this machine works on the zone; StoreUnavailable when none comes in time.

    Between machines the pointer decides.
    """
    path = equipment.working(equipment.catalogue.zone(zone_id)).with_suffix(".turn")
    path.parent.mkdir(parents=True, exist_ok=True)
    with locks.alone(path, PATIENCE_S):
        yield
