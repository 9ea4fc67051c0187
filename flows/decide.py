"""Decide on one observation in quarantine, and publish what was decided."""

from __future__ import annotations

from typing import Literal

from prefect import flow

from datazones.publishing import Snapshot
from flows.conclude import conclude
from tasks import quarantine
from tasks.assemble import assemble
from tasks.choices import ZoneId
from tasks.equip import equipped
from tasks.hydrate import hydrate


@flow(name="decide", flow_run_name="{zone} · {number} {decision} by {by}")
def decide(
    zone: ZoneId, number: int, decision: Literal["released", "rejected"], because: str, by: str
) -> Snapshot | None:
    """The snapshot in which the decision is written down; a released observation is what is known from then on."""
    with equipped():
        hydrate(zone)
        quarantine.decide(zone, number, decision, because, by)
        candidate = assemble(zone, anyway=True)
        return conclude(candidate)[0] if candidate else None
