"""Build a hub's candidate from what its members have published, if any of it is new."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.logging import get_run_logger

from datazones.catalogue import Zone
from datazones.model import Candidate, Contribution, Parent, Revisions
from datazones.publishing import pull, refresh_alias
from datazones.warehouse import changed
from datazones.warehouse.uniting import is_united
from datazones.warehouse.uniting import unite as write
from datazones.warehouse.working import locked
from tasks.describe import feed_rows, zone_row
from tasks.equip import Equipment, equipped
from tasks.pin import pinned
from tasks.retrying import if_transient


@task(task_run_name="unite {hub_id}", retries=3, retry_delay_seconds=2, retry_condition_fn=if_transient)
def unite(hub_id: str) -> Candidate | None:
    """None when the published hub was built from just these snapshots; WarehouseBusy when another run is at it."""
    with equipped() as equipment, equipment.spending("unite"):
        hub = equipment.catalogue.hub(hub_id)
        folder = equipment.members(hub)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock"):
            published = pull(equipment.store, hub.prefix, equipment.published(hub), trusted=equipment.trusted(hub))
            parent = Parent(published.generation, published.snapshot_id, published.load_id) if published else None
            if parent:
                refresh_alias(equipment.store, hub.prefix, equipment.trusted(hub))  # a run may have died before it did
            members = pinned(equipment, hub, folder)
            _say(members)
            if parent and is_united(equipment.published(hub), members, equipment.limits):
                return None
            return _built(equipment, hub, members, parent)


def _built(equipment: Equipment, hub: Zone, members: Sequence[Contribution], parent: Parent | None) -> Candidate:
    path, limits = equipment.candidate(hub), equipment.limits
    made = write(zone_row(hub), feed_rows(equipment.catalogue, hub), members, path, limits, equipment.parts(hub))
    observations = next(table.rows for table in made.tables if table.name == "latest")
    changes = changed(equipment.published(hub), path, limits) if parent else Revisions(added=observations)
    pins = tuple(member.pin for member in members if member.pin)
    return made.candidate(hub.zone_id, changes, parent, load_id=0, pins=pins)


def _say(members: Sequence[Contribution]) -> None:
    others = [f"; {member.zone_id} {member.state} ({member.reason})" for member in members if member.state != "current"]
    current = len(members) - len(others)
    get_run_logger().info("%s of %s zones are current%s", current, len(members), "".join(others))
