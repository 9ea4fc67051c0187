"""Refresh one zone: bring in what its providers have, and publish it if the gate agrees."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from datazones.errors import OF_ONE_FEED, DatazonesError, ExpectationsFailed, besides, together
from datazones.model import Landed, Revisions, Window
from flows.conclude import conclude
from flows.ending import Refreshed, ended
from tasks.account import accounted_run
from tasks.announce import note_asked
from tasks.assemble import assemble
from tasks.awake import awake
from tasks.choices import FeedId, ZoneId
from tasks.collect import collect
from tasks.conform import conform
from tasks.equip import equipped
from tasks.heed import heed
from tasks.hydrate import hydrate
from tasks.load import load
from tasks.turns import turn


def _name() -> str:
    """What an operator reads in a list of runs: the zone, the day it is due, and how much is asked."""
    given = flow_run.parameters
    due = given["slot"] or flow_run.scheduled_start_time
    with equipped() as equipment:
        feeds = given["feeds"] or equipment.catalogue.feeds_of(equipment.catalogue.zone(given["zone"]))
    return f"{given['zone']} · {due:%Y-%m-%d} · {len(feeds)} feed{'s' if len(feeds) > 1 else ''}"


@flow(name="refresh", flow_run_name=_name)
def refresh(zone: ZoneId, feeds: list[FeedId] | None = None, slot: datetime | None = None) -> Refreshed:
    """Refresh `zone` with these feeds (unset: all of its topics) for the slot.

    Unset, that is the instant at which Prefect meant this run to start, if the zone is due then: how the slot ends is
    written into the zone's book, once, however many runs are made for it. Any other run is wanted, and not due.
    """
    begun = time.perf_counter()
    wanted = slot or flow_run.scheduled_start_time
    with equipped() as equipment, turn(equipment, zone), accounted_run(zone, wanted) as account:
        if account.before:
            return Refreshed(zone, "ended before", "", account.before.generation or 0, Revisions(), 0, 0.0)
        done = _refreshed(zone, feeds, account.slot or slot or equipment.settings.clock(), begun)
        account.ends("published" if done.outcome == "published" else "unchanged", done.generation)
    return done


def _refreshed(zone: str, feeds: list[str] | None, due: datetime, begun: float) -> Refreshed:
    """Feeds that are wrong stay as they are held, and end the run with their error once all others are published."""
    held = hydrate(zone)
    wrong: list[DatazonesError] = []
    for feed_id in feeds or awake(held.watermarks, due):
        heed()
        try:
            _take_in(zone, feed_id, due, held.watermarks[feed_id])
        except OF_ONE_FEED as error:
            get_run_logger().error("%s stays as it is held: %s", feed_id, error)
            wrong.append(error)
    candidate = assemble(zone)
    if not wrong:
        note_asked(zone)
    if candidate is None:
        _tell(wrong, "nothing else is new")
        return ended(zone, "unchanged", held.parent, Revisions(), 0, begun)
    heed()
    try:
        snapshot, verdict = conclude(candidate)
    except ExpectationsFailed as held_back:
        besides(held_back, wrong)
        raise
    _tell(wrong, f"all else is published as {snapshot.named}")
    return ended(zone, "published", snapshot.parent(), candidate.changes, verdict.checks, begun)


def _take_in(zone: str, feed_id: str, due: datetime, held: Sequence[Landed]) -> None:
    collected = collect(zone, feed_id, Window(), due, held)
    if collected.unchanged:
        return
    with equipped() as equipment:
        equipment.examiner.warm()  # takes seconds, which the reading takes too
    staged = conform(zone, feed_id, Window(), collected.answers)
    if staged.rows:
        load(zone, staged, collected.answers, due)


def _tell(wrong: Sequence[DatazonesError], rest: str) -> None:
    if wrong:
        error = together(wrong)
        error.found = f"{error.found}; {rest}"
        raise error
