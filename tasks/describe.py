"""What the catalogue says of a zone and its feeds, as rows of the warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from datazones.catalogue import Catalogue, Feed, Zone
from datazones.catalogue.entries import Entry
from datazones.codes import statuses


def zone_row(zone: Zone) -> tuple[str, ...]:
    """One row of the table `zone`."""
    return zone.zone_id, zone.name_en, zone.name_zh, zone.ref_area, zone.timezone, zone.owner


def feed_rows(catalogue: Catalogue, zone: Zone) -> list[tuple[str, ...]]:
    """The rows of the table `feed`: where the figures come from and on what terms."""
    return [_feed_row(catalogue, feed) for feed in catalogue.feeds_of(zone)]


def _feed_row(catalogue: Catalogue, feed: Feed) -> tuple[str, ...]:
    agency, terms = catalogue.agency_of(feed), catalogue.terms_of(feed)
    renames = [{**plain, "now_key": feed.keys_now[plain["former_key"]]} for plain in _plain(feed.renames)]
    return (
        *(feed.feed_id, agency.agency_id, feed.dataflow_id, feed.title),
        *(terms.licence, terms.attribution, feed.docs, terms.terms),
        *(_json(declared) for declared in (_plain(feed.corrections), _plain(feed.breaks), renames)),
        _json(statuses(agency.flag_scheme)),
    )


def _json(declared: list[dict[str, Any]]) -> str:
    return orjson.dumps(declared).decode()


def _plain(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    return [entry.model_dump(mode="json") for entry in entries]
