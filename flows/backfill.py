"""Plan a backfill and begin it: the plan goes into the ledgers of its zones, their first chunks to Prefect."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.logging import get_run_logger

from datazones.backfilling import Wanted
from tasks.backfills import kept, planned
from tasks.equip import equipped
from tasks.submit import submit


@flow(name="backfill", flow_run_name="backfill {feed} · {first} to {last}")
def backfill(
    zones: list[str],
    feed: str,
    first: str,
    last: str,
    which: Literal["missing", "failed", "force"] = "missing",
    reverse: bool = False,
    require_approval: bool = False,
    by: str = "",
) -> str:
    """Bring in `feed` for these zones (none: all that take it) from period `first` to `last`; the backfill's id."""
    with equipped() as equipment:
        taking = [zone.zone_id for zone in equipment.catalogue.zones_of(equipment.catalogue.feed(feed))]
        wanted = Wanted(feed, tuple(zones or taking), first, last, which, reverse, require_approval, by)
        plan = planned(equipment, wanted)
        runs = submit(equipment, kept(equipment, plan)) or 0
    get_run_logger().info(
        "backfill %s: %s slices, %s, %s runs begun", plan.backfill_id, plan.todo.height, plan.cost, runs
    )
    return plan.backfill_id
