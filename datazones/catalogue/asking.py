"""Pure: what a feed asks its provider for one zone and one window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from string import Template

from datazones.catalogue.entries import Asked, Feed, Zone
from datazones.codes import Freq
from datazones.errors import CatalogueInvalid
from datazones.model import Request, Window
from datazones.periods import period, written


def placeholders(asked: Asked) -> frozenset[str]:
    """What a question is filled in from: the names behind its dollar signs."""
    texts = (asked.url, *asked.params.values())
    return frozenset(name for text in texts for name in Template(text).get_identifiers())


def requests(
    feed: Feed, zone: Zone, window: Window, now: datetime, secrets: Mapping[str, str] | None = None
) -> tuple[Request, ...]:
    """Every question of this feed, companions first, in a fixed order; `secrets` are parameters of each.

    CatalogueInvalid when a url or parameter names something that neither `each` nor the zone nor the window gives.
    """
    known = _known(feed, zone, window, now)
    companions = [request for part, asked in feed.aside.items() for request in _filled(feed, asked, part, known)]
    every = (*companions, *_filled(feed, feed.request, "data", known))
    return tuple(replace(request, secrets=tuple((secrets or {}).items())) for request in every)


def _known(feed: Feed, zone: Zone, window: Window, now: datetime) -> dict[str, str]:
    first = window.first_period or feed.periods.first
    last = window.last_period or feed.periods.last or written(now.date(), Freq(feed.periods.slice))
    return {
        "zone_id": zone.zone_id,
        "gb2260": zone.gb2260,
        "ref_area": zone.ref_area,
        "first": first,
        "last": last,
        "first_digits": _digits(first),
        "last_digits": _digits(last),
        "first_day": period(first).start.isoformat(),
        "last_day": (period(last).end - timedelta(days=1)).isoformat(),
    }


def _digits(text: str) -> str:
    """As providers write months that know no dash: 202001."""
    return text.replace("-", "")


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
