"""Approve one zone's held candidate: the only way past a verdict that holds it back."""

from __future__ import annotations

from prefect import flow

from datazones.publishing import Snapshot
from tasks import approve as tasks
from tasks.choices import ZoneId
from tasks.equip import equipped
from tasks.hydrate import hydrate


@flow(name="approve", flow_run_name="{zone} · approved by {by}")
def approve(zone: ZoneId, because: str, by: str, candidate: str | None = None) -> Snapshot:
    """Publish the candidate of `zone` that the gate held back (of several, the one so named), as it was examined."""
    with equipped():
        snapshot = tasks.approve(zone, because, by, candidate)
        hydrate(zone)
    return snapshot
