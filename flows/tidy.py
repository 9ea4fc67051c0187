"""Tidy up: remove the files of old snapshots, never what is referenced."""

from __future__ import annotations

from datetime import timedelta

from prefect import flow
from prefect.artifacts import create_table_artifact

from datazones.publishing import sweep
from tasks.choices import ZoneId
from tasks.equip import equipped


@flow(name="tidy", flow_run_name="tidy")
def tidy(zones: list[ZoneId] | None = None, keep: int = 20, days: int = 90) -> int:
    """The bytes that went, of these zones and hubs (unset: all), but for the newest `keep` snapshots and young ones."""
    rows, gone = [], 0
    with equipped() as equipment:
        chosen = map(equipment.catalogue.zone, zones) if zones else equipment.catalogue.publishing
        for zone in chosen:
            now, trusted = equipment.settings.clock(), equipment.trusted(zone)
            swept = sweep(
                equipment.store, zone.prefix, now, keep=keep, younger_than=timedelta(days=days), trusted=trusted
            )
            rows.append({"zone": zone.zone_id, "kept": swept.kept, "gone": len(swept.gone), "bytes": swept.size})
            gone += swept.size
    create_table_artifact(rows, key="tidy", description="What of old snapshots was removed")
    return gone
