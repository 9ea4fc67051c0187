"""What the catalogue says of a zone and its feeds, as rows of the warehouse."""

from __future__ import annotations

from datazones.catalogue import Catalogue, Zone


def zone_row(zone: Zone) -> tuple[str, ...]:
    """One row of the table `zone`."""
    return zone.zone_id, zone.name_en, zone.name_zh, zone.ref_area, zone.timezone, zone.owner


def feed_rows(catalogue: Catalogue, zone: Zone) -> list[tuple[str, ...]]:
    """The rows of the table `feed`: where the figures come from and on what terms."""
    feeds = [(feed, catalogue.agency_of(feed), catalogue.terms_of(feed)) for feed in catalogue.feeds_of(zone)]
    return [
        (feed.feed_id, agency.agency_id, feed.dataflow_id, feed.title, terms.licence, terms.attribution, feed.docs)
        for feed, agency, terms in feeds
    ]
