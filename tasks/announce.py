"""What the world outside may act on: events of a zone, for automations in Prefect.

`datazones.snapshot.published`, `datazones.snapshot.held`, `datazones.slot.late` and `datazones.scheduler.silent`, all
about the resource `datazones.zone.<zone_id>`. They are news and no record: one that is lost changes nothing, the truth
is the zone's pointer and its slot book.
"""

from __future__ import annotations

from datetime import datetime

from prefect.events import emit_event

from datazones import publishing
from datazones.model import Candidate, Revisions, Verdict
from datazones.publishing import Snapshot
from tasks.equip import equipped


def published(snapshot: Snapshot, changes: Revisions) -> None:
    """A new snapshot is what readers see."""
    _emit(
        "snapshot.published",
        snapshot.zone_id,
        generation=snapshot.generation,
        snapshot_id=snapshot.snapshot_id,
        changes=str(changes),
    )


def note_asked(zone_id: str) -> None:
    """The zone has asked its providers: whoever reads it can tell nothing new from nobody there."""
    with equipped() as equipment:
        prefix = equipment.catalogue.zone(zone_id).prefix
        publishing.note_asked(equipment.store, prefix, zone_id, equipment.settings.clock())


def held(candidate: Candidate, verdict: Verdict) -> None:
    """The gate held a candidate back; the rules it broke."""
    broken = [finding.rule for finding in verdict.findings if finding.severity == "critical"]
    _emit("snapshot.held", candidate.zone_id, rules=broken)


def late(zone_id: str, slot: datetime, reason: str) -> None:
    """A slot has not ended in its time, or never will as things are."""
    _emit("slot.late", zone_id, slot=slot.isoformat(), reason=reason)


def silent(zone_id: str, reason: str) -> None:
    """Prefect's scheduler looks healthy and makes no runs of the zone."""
    _emit("scheduler.silent", zone_id, reason=reason)


def _emit(what: str, zone_id: str, **payload: object) -> None:
    resource = {"prefect.resource.id": f"datazones.zone.{zone_id}", "prefect.resource.name": zone_id}
    emit_event(f"datazones.{what}", resource, payload=payload)
