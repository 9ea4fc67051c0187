"""When a zone last asked its providers: one small object that says so although nothing new was published.

It is no promise and is not signed: at worst a zone seems to be late that is not, or the other way round.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import AwareDatetime

from datazones.publishing.manifest import Document
from datazones.publishing.store import Store

ASKED: Final = "ASKED"
"""Its key below the zone's prefix."""


class Asked(Document):
    """A zone's last word."""

    layout: Literal[1] = 1
    zone_id: str
    asked_at: AwareDatetime


def note_asked(store: Store, prefix: str, zone_id: str, now: datetime) -> None:
    """Say that the zone has just asked. Of two workers that say so at once one is as good as the other."""
    key = f"{prefix}/{ASKED}"
    _, etag = store.get(key) or (None, None)
    store.swap(key, Asked(zone_id=zone_id, asked_at=now).canonical(), etag)


def last_asked(store: Store, prefix: str) -> datetime | None:
    """When the zone asked last; None when it has never said so."""
    key = f"{prefix}/{ASKED}"
    found = store.get(key)
    return Asked.read(found[0], key).asked_at if found else None
