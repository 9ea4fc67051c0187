"""Pure: what a feed asks its provider for one zone and one window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from string import Template

from datazones.catalogue.entries import Asked, Feed, Zone
from datazones.errors import CatalogueInvalid
from datazones.model import Request, Window


def requests(feed: Feed, zone: Zone, window: Window, now: datetime) -> tuple[Request, ...]:
    """Every question of this feed, companions first, in a fixed order.

    CatalogueInvalid when a url or parameter names something that neither `each` nor the zone nor the window gives.
    """
    known = _known(feed, zone, window, now)
    companions = [request for part, asked in feed.aside.items() for request in _filled(feed, asked, part, known)]
    return (*companions, *_filled(feed, feed.request, "data", known))


def _known(feed: Feed, zone: Zone, window: Window, now: datetime) -> dict[str, str]:
    return {
        "zone_id": zone.zone_id,
        "gb2260": zone.gb2260,
        "ref_area": zone.ref_area,
        "first": window.first_period or feed.periods.first,
        "last": window.last_period or feed.periods.last or str(now.year),
    }


def _filled(feed: Feed, asked: Asked, part: str, known: Mapping[str, str]) -> Iterator[Request]:
    names = list(asked.each)
    for combination in product(*asked.each.values()):
        filling = {**known, **dict(zip(names, combination, strict=True))}
        yield Request(
            url=_fill(feed, asked.url, filling),
            params=tuple((name, _fill(feed, text, filling)) for name, text in asked.params.items()),
            method=asked.method,
            headers=tuple(asked.headers.items()),
            part=part,
        )


def _fill(feed: Feed, text: str, filling: Mapping[str, str]) -> str:
    try:
        return Template(text).substitute(filling)
    except (KeyError, ValueError) as error:
        raise CatalogueInvalid(
            f"the feed {feed.feed_id}, {text!r}",
            found=f"the placeholder {error}",
            expected="one of " + ", ".join(f"${name}" for name in filling),
            next_step=f"correct {feed.feed_id}.toml",
        ) from error
