"""What the world outside may act on: events of a zone or a provider, for automations in Prefect.

`datazones.snapshot.published`, `datazones.snapshot.held`, `datazones.slot.late` and `datazones.scheduler.silent`, all
about the resource `datazones.zone.<zone_id>`; `datazones.provider.changed`, `datazones.provider.down` and
`datazones.provider.back`, about `datazones.provider.<agency_id>`.

They are news and no record: one that is lost changes nothing, the truth
is the zone's pointer and its slot book.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def changed(agency_id: str, feed_id: str, zones: Sequence[str]) -> None:
    """A provider has something new of a feed, which these zones take."""
    _emit("provider.changed", agency_id, "provider", feed=feed_id, zones=list(zones))


def down(agency_id: str, reason: str) -> None:
    """A provider that answered before does not any more."""
    _emit("provider.down", agency_id, "provider", reason=reason)


def back(agency_id: str, since: datetime) -> None:
    """A provider answers again that was down since then."""
    _emit("provider.back", agency_id, "provider", since=since.isoformat())


def _emit(what: str, name: str, kind: str = "zone", **payload: object) -> None:
    resource = {"prefect.resource.id": f"datazones.{kind}.{name}", "prefect.resource.name": name}
    emit_event(f"datazones.{what}", resource, payload=payload)
