"""Backfills as the tools of this process see them: planned over what is held, kept in the ledgers, told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple, cast

import orjson
import polars as pl

from datazones.backfilling import Chunk, Known, Ledger, Part, Plan, Progress, Wanted, plan, progress
from datazones.backfilling.chunks import ENDED
from datazones.backfilling.parts import parts as parts_in
from datazones.backfilling.planning import spans
from datazones.catalogue import Feed, Zone
from datazones.copies import write_whole
from datazones.errors import CatalogueInvalid, UnknownCode
from datazones.model import Window
from datazones.periods import period
from datazones.publishing import pull, was_published
from datazones.warehouse import query
from datazones.warehouse.migrating import layout
from datazones.warehouse.schema import newest
from tasks.equip import Equipment, calls_per_minute
from tasks.reading import window_of


def planned(equipment: Equipment, wanted: Wanted) -> Plan:
    """The plan over what the zones hold today; CatalogueInvalid when one of them does not take the feed."""
    feed = equipment.catalogue.feed(wanted.feed_id)
    zones = [_taking(equipment, zone, feed) for zone in wanted.zones]
    wanted = replace(wanted, zones=tuple(zone.zone_id for zone in zones))
    now, agency = equipment.settings.clock(), equipment.catalogue.agency_of(feed)
    return plan(wanted, feed, agency, _known(equipment, zones, feed), now, calls_per_minute(equipment.settings, agency))


def kept(equipment: Equipment, done: Plan) -> list[Part]:
    """The plan in the store, each zone's part in that zone's ledger."""
    found = [part for part in parts_in(done) if part.windows]
    for part in found:
        equipment.ledger(part.zone_id).begin(part)
    return found


def named(equipment: Equipment, begins: str) -> str:
    """The id of the one backfill that begins so; UnknownCode when there is none, or several."""
    ids = {found for zone in equipment.catalogue.zones.values() for found in equipment.ledger(zone.zone_id).ids(begins)}
    if len(ids) != 1:
        raise UnknownCode(
            f"the backfill {begins}",
            found=", ".join(sorted(ids)) or "none that begins so",
            expected="one backfill",
            next_step="`datazones backfill list` shows them",
        )
    return ids.pop()


def parts_of(equipment: Equipment, backfill_id: str) -> list[Part]:
    """Every zone's part of a backfill, in the order in which its zones were named."""
    zones = equipment.catalogue.zones.values()
    having = [zone for zone in zones if backfill_id in equipment.ledger(zone.zone_id).ids(backfill_id)]
    found = [equipment.ledger(zone.zone_id).part(backfill_id) for zone in having]
    return sorted(found, key=lambda part: part.wanted.zones.index(part.zone_id))


def progress_of(equipment: Equipment, parts: Sequence[Part]) -> Progress:
    """How far the backfill of these parts is, from the ledgers of its zones."""
    told = []
    for part in parts:
        ledger = equipment.ledger(part.zone_id)
        told.append((part, ledger.chunks(part), ledger.word(part.backfill_id)))
    return progress(told, ledger.now())


def _taking(equipment: Equipment, zone_id: str, feed: Feed) -> Zone:
    zone = equipment.catalogue.zone(zone_id)
    if feed not in equipment.catalogue.feeds_of(zone):
        raise CatalogueInvalid(
            f"the zone {zone_id}",
            found=f"topics {', '.join(zone.topics)}",
            expected=f"one that the feed {feed.feed_id} serves: {', '.join(feed.topics)}",
            next_step=f"`datazones explain {feed.feed_id}` says which zones take it",
        )
    return zone


def _known(equipment: Equipment, zones: Sequence[Zone], feed: Feed) -> Known:
    held, failed, landed, sizes = [], [], [], []
    for zone in zones:
        log = _log(equipment, zone, feed)
        held += [(zone.zone_id, *_days(feed, load)) for load in log]
        sizes += [_bytes_a_day(feed, load) for load in log[-1:]]
        failed += _failed(equipment, zone, feed)
        landed.append(equipment.answered(zone, feed).spans(zone.zone_id))
    return Known(spans(held), spans(failed), pl.concat(landed), sum(sizes) / len(sizes) if sizes else None)


class _Load(NamedTuple):
    """What a published load asked for, when, and how many bytes came."""

    window: Window
    slot: date
    size: int


def _log(equipment: Equipment, zone: Zone, feed: Feed) -> list[_Load]:
    """The loads of the feed in what the zone publishes. A snapshot of an earlier layout tells none of them."""
    path = equipment.published(zone)
    pulled = pull(equipment.store, zone.prefix, path, trusted=equipment.trusted(zone))
    if pulled is None or layout(path, equipment.limits) != newest():
        return []
    rows = query(
        path,
        "SELECT slot, answers, declared FROM load_log WHERE feed_id = $1 ORDER BY load_id",
        equipment.limits,
        feed.feed_id,
    )
    return [
        _Load(
            window_of(orjson.loads(declared) if declared else {}),
            slot.date(),
            sum(answer["size"] for answer in orjson.loads(answers)),
        )
        for slot, answers, declared in rows.iter_rows()
    ]


def _days(feed: Feed, load: _Load) -> tuple[date, date]:
    """The days that a load asked for and that were over by then."""
    first = period(load.window.first_period or feed.periods.first).start
    last = load.window.last_period or feed.periods.last
    return first, min(period(last).end, load.slot) if last else load.slot


def _bytes_a_day(feed: Feed, load: _Load) -> float:
    first, last = _days(feed, load)
    return load.size / max(1, (last - first).days)


def _failed(equipment: Equipment, zone: Zone, feed: Feed) -> list[tuple[str, date, date]]:
    """The windows that failed in any backfill of this feed."""
    ledger, found = equipment.ledger(zone.zone_id), []
    for backfill_id in ledger.ids():
        part = ledger.part(backfill_id)
        if part.wanted.feed_id != feed.feed_id:
            continue
        for chunk in ledger.chunks(part):
            for number, window in part.of(chunk.number):
                outcome = chunk.outcomes.get(number)
                if chunk.state == "failed" and (outcome is None or outcome.state == "failed"):
                    first, last = cast("str", window.first_period), cast("str", window.last_period)
                    found.append((zone.zone_id, period(first).start, period(last).end))
    return found


def every(equipment: Equipment) -> list[str]:
    """The ids of all backfills of all zones."""
    zones = equipment.catalogue.zones.values()
    return list(dict.fromkeys(found for zone in zones for found in equipment.ledger(zone.zone_id).ids()))


def unfinished(equipment: Equipment) -> list[str]:
    """The ids of the backfills in which something may be left to do, but for what a person may say.

    They only become more, and most are over. One that was found so is known by what its ledger listed then, and is not
    read again on this machine until that has changed.
    """
    kept = equipment.settings.home / "backfills-over.json"
    known = orjson.loads(kept.read_bytes()) if kept.exists() else {}
    over, left = {}, []
    for zone_id in equipment.catalogue.zones:
        ledger = equipment.ledger(zone_id)
        for backfill_id, mark in ledger.marks().items():
            name = f"{zone_id}/{backfill_id}"
            if known.get(name) == mark or _is_over(ledger, backfill_id):
                over[name] = mark
            else:
                left.append(backfill_id)
    write_whole(kept, orjson.dumps(over))
    return list(dict.fromkeys(left))


def _is_over(ledger: Ledger, backfill_id: str) -> bool:
    """Whether every chunk has come to its end, and none waits for a person."""
    return all(chunk.state in ENDED - {"held"} for chunk in ledger.chunks(ledger.part(backfill_id)))


def settle(equipment: Equipment, parts: Sequence[Part]) -> None:
    """End the chunks that waited for a person and have been published since."""
    for part in parts:
        ledger, prefix = equipment.ledger(part.zone_id), equipment.catalogue.zone(part.zone_id).prefix
        for chunk in ledger.chunks(part):
            if chunk.state == "held" and was_published(equipment.store, prefix, chunk.snapshot):
                ledger.move(part.backfill_id, chunk.number, _approved)


def _approved(chunk: Chunk) -> Chunk | None:
    return chunk.approved() if chunk.state == "held" else None
