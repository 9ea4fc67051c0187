"""Reconcile: see that every due slot of every zone ends, and that nothing that is dead passes for alive."""

from __future__ import annotations

from prefect import flow
from prefect.client.orchestration import get_client

from tasks.choices import ZoneId
from tasks.equip import equipped
from tasks.reconcile import Reconciled, reconcile_zones


@flow(name="reconcile", flow_run_name="reconcile")
def reconcile(zones: list[ZoneId] | None = None) -> list[Reconciled]:
    """One pass over these zones (unset: all)."""
    with equipped(), get_client(sync_client=True) as client:
        return reconcile_zones(client, zones or ())
