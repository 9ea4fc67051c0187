"""Embargo: what a provider gives us before its release is built, examined and sealed, and swapped in at the minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from prefect import task

from datazones.catalogue.releasing import embargo
from datazones.errors import UnderEmbargo
from datazones.model import Beside, Candidate, HeldFeed
from datazones.publishing import seal as keep
from tasks.equip import Equipment, equipped
from tasks.retrying import if_transient

_log = logging.getLogger("datazones.publishing")

LOOK_S = 30.0
"""Whoever waits looks at the clock so often, for a clock may be set; and in the end exactly when it is time."""


def embargoed_until(equipment: Equipment, feeds: Sequence[HeldFeed]) -> datetime | None:
    """The last of the releases before which something in these feeds may not be read; None when all may be."""
    now = equipment.settings.clock()
    found = []
    for held in feeds:
        feed = equipment.catalogue.feeds.get(held.feed_id)
        if feed and feed.release and held.known_at and (until := embargo(feed.release, held.known_at, now)):
            found.append(until)
    return max(found, default=None)


def embargoed(candidate: Candidate) -> bool:
    """Whether something in the candidate may not be read yet."""
    with equipped() as equipment:
        return embargoed_until(equipment, candidate.feeds) is not None


def refuse_early(equipment: Equipment, zone_id: str, feeds: Sequence[HeldFeed]) -> None:
    """UnderEmbargo when something in these feeds may not be read yet."""
    until = embargoed_until(equipment, feeds)
    if until:
        raise UnderEmbargo(
            f"the candidate of {zone_id}",
            found=f"figures that are released at {until:%Y-%m-%d %H:%M:%S} UTC",
            expected="figures that may be read now",
            next_step="nothing: the run that brought them in publishes them at that minute; or run again after it",
        )


@task(task_run_name="seal {candidate.zone_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def seal(candidate: Candidate, beside: Sequence[Beside]) -> datetime | None:
    """Put a candidate under embargo into the store, where no pointer leads to it; until when. None: it just ended."""
    with equipped() as equipment:
        until = embargoed_until(equipment, candidate.feeds)
        if until is None:
            return None
        zone = equipment.catalogue.zone(candidate.zone_id)
        keep(equipment.store, zone.prefix, candidate, beside)
    _log.info("%s: sealed until %s", candidate.zone_id, until.isoformat())
    return until


def wait(until: datetime) -> None:
    """Until the minute has come."""
    with equipped() as equipment:
        while (left := until - equipment.settings.clock()) > timedelta():
            time.sleep(min(LOOK_S, left.total_seconds()))
