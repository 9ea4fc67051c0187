"""Build a hub from what its zones have published, and publish it if the gate agrees."""

from __future__ import annotations

import time

from prefect import flow

from datazones.model import Revisions
from flows.conclude import conclude
from flows.ending import Refreshed, ended
from tasks import unite as tasks
from tasks.equip import equipped


@flow(name="unite", flow_run_name="{hub} · united")
def unite(hub: str) -> Refreshed:
    """Take each zone's snapshot of now, pinned and verified; a zone that has none, or an old one, shows as such."""
    begun = time.perf_counter()
    with equipped() as equipment:
        candidate = tasks.unite(hub)
        if candidate is None:
            return ended(hub, "unchanged", equipment.standing(hub), Revisions(), 0, begun)
        snapshot, verdict = conclude(candidate)
    return ended(hub, "published", snapshot.parent(), candidate.changes, verdict.checks, begun)
