"""Which feeds are asked at a slot: all but those whose provider releases at another time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from datazones.catalogue.releasing import is_awake, upcoming
from datazones.model import Landed
from tasks.equip import equipped

_log = logging.getLogger("datazones.transport")


def awake(watermarks: Mapping[str, Sequence[Landed]], slot: datetime) -> list[str]:
    """Of these feeds, each with the raw answers it last read, those to be asked at that slot."""
    with equipped() as equipment:
        found = []
        for feed_id, held in watermarks.items():
            release = equipment.catalogue.feed(feed_id).release
            held_at = max((answer.retrieved_at for answer in held), default=None)
            if release is None or is_awake(release, held_at, slot):
                found.append(feed_id)
            else:
                _log.info("%s: not asked before the release of %s", feed_id, upcoming(release, slot))
    return found
