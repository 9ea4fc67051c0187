"""What each member brings into a hub: its published snapshot, verified and pinned; or none, and the reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from datazones.catalogue import Zone
from datazones.errors import SignerUnknown, SnapshotTampered
from datazones.model import Contribution, Pin
from datazones.publishing import fetch_manifest, last_asked, pull, waiting
from tasks.equip import Equipment

HANDS = 4
"""So many members are asked at once."""


def pinned(equipment: Equipment, hub: Zone, into: Path) -> tuple[Contribution, ...]:
    """A contribution of every member, its file in the folder `into`: all figures of a zone come from one snapshot, also
    when the zone publishes meanwhile."""
    members = equipment.catalogue.members_of(hub)
    own = [equipment.trusted(zone) for zone in members]  # before there are threads: a key may be made here
    with ThreadPoolExecutor(HANDS) as hands:
        return tuple(hands.map(lambda zone, trusted: _contribution(equipment, hub, zone, trusted, into), members, own))


def _contribution(equipment: Equipment, hub: Zone, zone: Zone, trusted: frozenset[str], into: Path) -> Contribution:
    nothing = Contribution(
        *(zone.zone_id, zone.name_en, zone.name_zh, zone.ref_area, zone.gb2260),
        feeds=tuple(feed.feed_id for feed in equipment.catalogue.shared_by(zone)),
        state="missing",
        reason="nothing published yet",
    )
    try:
        found = _with_snapshot(equipment, zone, nothing, trusted, into / f"{zone.zone_id}.duckdb")
        return _judged(equipment, hub, zone, found, trusted)
    except (SnapshotTampered, SignerUnknown) as error:
        return replace(nothing, state="refused", reason=f"{error.code}, {error.subject}: {error.found}")


def _with_snapshot(
    equipment: Equipment, zone: Zone, nothing: Contribution, trusted: frozenset[str], path: Path
) -> Contribution:
    """With the zone's snapshot, if it has published one."""
    here = equipment.published(zone)
    pulled = pull(equipment.store, zone.prefix, path, trusted=trusted, at_hand=here if here.exists() else None)
    if pulled is None:
        return nothing
    manifest = fetch_manifest(equipment.store, zone.prefix, pulled.snapshot)
    pin = Pin(zone.zone_id, pulled.generation, pulled.snapshot_id, pulled.snapshot.sha256)
    found = replace(nothing, state="current", reason=None, pin=pin, as_of=manifest.created_at, path=str(path))
    if manifest.restores is None or manifest.approval is None:
        return found
    back = f"rolled back to generation {manifest.restores.generation} by {manifest.approval.by}"
    return replace(found, state="rolled_back", reason=f"{back}: {manifest.approval.because}")


def _judged(equipment: Equipment, hub: Zone, zone: Zone, found: Contribution, trusted: frozenset[str]) -> Contribution:
    """Held, where the gate holds something newer back; late, where there was no word for too long; else as it is. What
    was taken back is told as that, whatever else."""
    if found.state == "rolled_back":
        return found
    held = waiting(equipment.store, zone.prefix, trusted)
    if held:
        broken = [each.rule for each in held[0].manifest.verdict.findings if each.severity == "critical"]
        return replace(found, state="held", reason=f"held back by {', '.join(broken)}")
    if found.as_of is None:
        return found
    word = max(found.as_of, last_asked(equipment.store, zone.prefix) or found.as_of)
    return _late(found, word) if _is_late(hub, word, equipment.settings.clock()) else found


def _is_late(hub: Zone, word: datetime, now: datetime) -> bool:
    return now - word > timedelta(hours=hub.late_after_hours)


def _late(found: Contribution, word: datetime) -> Contribution:
    return replace(found, state="late", reason=f"no word since {word:%Y-%m-%d %H:%M} UTC")
