"""Make a zone's working copy stand on what is published, wherever it was left; copy it, or drop it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datazones.catalogue import Zone
from datazones.model import Landed, Parent
from datazones.publishing import pull, refresh_alias
from datazones.warehouse import WorkingCopy
from datazones.warehouse.working import hydrate, locked
from tasks.describe import feed_rows, zone_row
from tasks.equip import Equipment


@dataclass(frozen=True)
class Held:
    """What the zone holds: its published parent, and the raw answers each feed last read."""

    parent: Parent | None
    watermarks: Mapping[str, tuple[Landed, ...]]


def stand_on_published(equipment: Equipment, zone: Zone) -> Held:
    """Pull the published snapshot if another worker moved on, and rebuild the working copy from it if it stands on
    another one. A hub has no working copy."""
    path = equipment.working(zone)
    pulled = pull(equipment.store, zone.prefix, equipment.published(zone), trusted=equipment.trusted(zone))
    published = Parent(pulled.generation, pulled.snapshot_id, pulled.load_id) if pulled else None
    if published:
        refresh_alias(equipment.store, zone.prefix, equipment.trusted(zone))  # a run may have died before it did
    if not zone.collects:
        return Held(published, {})
    if published and (not path.exists() or _parent(equipment, path) != published):
        hydrate(path, equipment.published(zone), published, equipment.limits)
    with WorkingCopy.held(path, equipment.limits) as copy:
        copy.describe(zone_row(zone), feed_rows(equipment.catalogue, zone))
        feeds = [feed.feed_id for feed in equipment.catalogue.feeds_of(zone)]
        return Held(copy.parent(), {feed_id: copy.watermark(feed_id) for feed_id in feeds})


def forget(equipment: Equipment, zone: Zone) -> None:
    """Drop the working copy with whatever is loaded and not published; the next run stands on what is published."""
    path = equipment.working(zone)
    with locked(path.with_suffix(".lock")):
        path.unlink(missing_ok=True)


def copied(equipment: Equipment, zone: Zone) -> Path:
    """A copy of the zone's working copy, to be rehearsed on: what happens there is seen by nobody."""
    path, beside = equipment.working(zone), equipment.rehearsal(zone)
    beside.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_suffix(".lock")):
        shutil.copyfile(path, beside)
    return beside


def _parent(equipment: Equipment, path: Path) -> Parent | None:
    with WorkingCopy.held(path, equipment.limits) as copy:
        return copy.parent()
