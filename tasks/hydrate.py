"""Make the zone's working copy stand on what is published, wherever it was left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prefect import task

from datazones.model import Landed, Parent
from datazones.publishing import pull
from datazones.warehouse import WorkingCopy
from datazones.warehouse.working import hydrate as hydrate_copy
from tasks.describe import feed_rows, zone_row
from tasks.equip import Equipment, equipped
from tasks.retrying import if_transient


@dataclass(frozen=True)
class Held:
    """What the zone holds: its published parent, and the raw answers each feed last read."""

    parent: Parent | None
    watermarks: Mapping[str, tuple[Landed, ...]]


@task(task_run_name="hydrate {zone_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def hydrate(zone_id: str) -> Held:
    """Pull the published snapshot if another worker moved on, and rebuild the working copy from it if it stands on
    another one."""
    with equipped() as equipment, equipment.spending("hydrate"):
        zone = equipment.catalogue.zone(zone_id)
        path = equipment.working(zone)
        pulled = pull(equipment.store, zone.prefix, equipment.published(zone), trusted=equipment.trusted(zone))
        published = Parent(pulled.generation, pulled.snapshot_id, pulled.load_id) if pulled else None
        if published and (not path.exists() or _parent(equipment, path) != published):
            hydrate_copy(path, equipment.published(zone), published, equipment.limits)
        with WorkingCopy.held(path, equipment.limits) as copy:
            copy.describe(zone_row(zone), feed_rows(equipment.catalogue, zone))
            feeds = [feed.feed_id for feed in equipment.catalogue.feeds_of(zone)]
            return Held(copy.parent(), {feed_id: copy.watermark(feed_id) for feed_id in feeds})


def _parent(equipment: Equipment, path: Path) -> Parent | None:
    with WorkingCopy.held(path, equipment.limits) as copy:
        return copy.parent()
