"""Watch the providers: which of them has something new, and which is down."""

from __future__ import annotations

from prefect import flow

from tasks.choices import FeedId
from tasks.equip import equipped
from tasks.watch import Watched, watched_feeds
from tasks.watch import watch as watched


@flow(name="watch", flow_run_name="watch")
def watch(feeds: list[FeedId] | None = None) -> list[Watched]:
    """One look at the providers of these feeds (unset: of all that a zone takes), each asked as little as may be."""
    with equipped() as equipment:
        return [watched(agency, feed_ids) for agency, feed_ids in watched_feeds(equipment, feeds).items()]
