"""Read the raw answers of a feed anew as we read them today, and publish what that changes as our own revision."""

from __future__ import annotations

from prefect import flow

from datazones.periods import period
from datazones.publishing import Snapshot
from flows.conclude import conclude
from tasks.assemble import assemble
from tasks.equip import equipped
from tasks.rebuild import Rebuilt, reread
from tasks.turns import turn


@flow(name="restate", flow_run_name="{zone} · {feed} restated")
def restate(
    zone: str, feed: str, because: str, first: str, last: str, *, check: bool = False
) -> tuple[Rebuilt, Snapshot | None]:
    """What today's reading of `feed` changes in `zone` from period `first` to `last`, and the snapshot that says so.

    Nothing is asked of the provider; with `check`, or where nothing changes, nothing is published.
    """
    with equipped() as equipment, turn(equipment, zone):
        equipment.catalogue.feed(feed)
        between = period(first).start, period(last).end
        done = reread(zone, because, feeds=[feed], between=between, check=check)
        candidate = assemble(zone) if done.restated and not check else None
        return done, conclude(candidate)[0] if candidate else None
