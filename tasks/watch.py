"""Ask a provider, with one cheap question a cube, whether it has something new or is down, and say so.

What was answered last lies in the store, `shared/watched/<agency>.json`, so that any worker can go on, and what is told
is told once. It is news and no record: no slot hangs on it, and what it misses the next refresh brings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from prefect import task
from pydantic import TypeAdapter

from datazones import dialects
from datazones.catalogue import Agency, Feed
from datazones.catalogue.releasing import is_awake
from datazones.errors import DatazonesError, Permanent, RateLimited
from datazones.model import Request, Window
from datazones.publishing import Outcome
from datazones.publishing.allowing import SHARED
from datazones.transport import Answer, request_key
from tasks import announce
from tasks.equip import Equipment, equipped

VALIDATORS = ("etag", "last-modified")
"""What a provider names a state by; it need not send again what somebody has."""

CHEAP_BYTES = 1 << 20
"""More than this is left to the schedule, if the provider would send it every time."""

_log = logging.getLogger("datazones.transport")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a provider answered to a feed's question: headers, the digest of the bytes, and since when that is so."""

    question: str
    digest: str
    since: datetime
    size: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_dear(self) -> bool:
        """Whether asking again would bring all of it once more, and that is much."""
        return self.size > CHEAP_BYTES and not any(self.headers.get(name) for name in VALIDATORS)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one provider, by feed; `down_since` while it does not answer."""

    seen: Mapping[str, Seen] = field(default_factory=dict)
    down_since: datetime | None = None

    def held(self, feed: Feed, question: str) -> Seen | None:
        """What is known of the feed, if it asked the same then: a question ends with the present, and so moves on."""
        found = self.seen.get(feed.feed_id)
        return found if found and found.question == question else None


@dataclass(frozen=True)
class Watched:
    """One provider after one look: how many questions it was asked, which feeds have something new, why it is down."""

    agency_id: str
    asked: int
    changed: tuple[str, ...] = ()
    down: str | None = None


_KNOWN = TypeAdapter(Known)


@task(task_run_name="watch {agency}")
def watch(agency: str, feed_ids: Sequence[str]) -> Watched:
    """Ask about these feeds of the agency, those that are released at another time left out.

    The first question that is not answered ends it: a provider that is down is not asked on.
    """
    with equipped() as equipment, equipment.spending("watch"):
        provider = equipment.catalogue.agencies[agency]
        key = f"{SHARED}/watched/{provider.agency_id.lower()}.json"
        content, etag = equipment.store.get(key) or (None, None)
        before = _KNOWN.validate_json(content) if content else Known()
        found, now = _looked(equipment, provider, feed_ids, before)
        told = equipment.store.swap(key, _KNOWN.dump_json(now), etag)
        if told is Outcome.OURS:  # else another watch was first, and has told
            _tell(equipment, provider, found, before)
    return found


def watched_feeds(equipment: Equipment, wanted: Sequence[str] | None) -> dict[str, list[str]]:
    """By agency: the feeds (unset: all) that a zone takes."""
    found: dict[str, list[str]] = {}
    for feed_id in wanted or equipment.catalogue.feeds:
        feed = equipment.catalogue.feed(feed_id)
        if equipment.catalogue.zones_of(feed):
            found.setdefault(feed.agency, []).append(feed_id)
    return found


def _looked(equipment: Equipment, provider: Agency, feed_ids: Sequence[str], before: Known) -> tuple[Watched, Known]:
    clock, seen = equipment.settings.clock, dict(before.seen)
    asked, changed = 0, list[str]()
    for request, feeds in _questions(equipment, feed_ids, before).values():
        name = request_key(request)
        held, asked = before.held(feeds[0], name), asked + 1
        headers = held.headers if held else {}
        try:
            answer = equipment.asks(provider).ask(
                request, etag=headers.get("etag"), last_modified=headers.get("last-modified")
            )
        except RateLimited as error:  # it is there, and wants to be left alone
            _log.info("%s is not asked on: %s", provider.agency_id, error.found)
            break
        except DatazonesError as error:
            down = before.down_since or clock()
            why = f"{error.code} in {error.subject}: {error.found}"
            return Watched(provider.agency_id, asked, tuple(changed), why), Known(seen, down)
        if answer.not_modified:
            continue
        is_new = held is not None and _is_new(held, answer, feeds[0], request)
        since = answer.retrieved_at if held is None or is_new else held.since
        now = Seen(name, sha256(answer.body).hexdigest(), since, len(answer.body), dict(answer.remembered))
        seen |= {feed.feed_id: now for feed in feeds}
        changed += [feed.feed_id for feed in feeds if is_new]
    still_down = None if asked else before.down_since
    return Watched(provider.agency_id, asked, tuple(changed)), Known(seen, still_down)


def _questions(equipment: Equipment, feed_ids: Sequence[str], before: Known) -> dict[str, tuple[Request, list[Feed]]]:
    """By its name: the first question about figures of every feed that is awake and not dear, and who asks it."""
    found: dict[str, tuple[Request, list[Feed]]] = {}
    for feed, request in _first_questions(equipment, feed_ids):
        name = request_key(request)
        held = before.held(feed, name)
        if held and held.is_dear:
            continue
        if feed.release is None or is_awake(feed.release, held.since if held else None, equipment.settings.clock()):
            found.setdefault(name, (request, []))[1].append(feed)
    return found


def _first_questions(equipment: Equipment, feed_ids: Sequence[str]) -> Iterator[tuple[Feed, Request]]:
    for feed_id in feed_ids:
        feed = equipment.catalogue.feed(feed_id)
        try:
            questions = equipment.questions(feed, equipment.asking_zone(feed), Window(), equipment.settings.clock())
        except Permanent as error:  # such as a key that nobody has given: ours to mend, not the provider's
            _log.warning("%s is not watched: %s", feed_id, error)
            continue
        yield feed, next(question for question in questions if question.part == "data")


def _is_new(held: Seen, answer: Answer, feed: Feed, request: Request) -> bool:
    """Whether this is another state than the one that is held. A promise of a later answer says nothing of it."""
    now = dict(answer.remembered)
    if any(now.get(name) and now[name] == held.headers.get(name) for name in VALIDATORS):
        return False
    if any(later.after_s is not None for later in dialects.following(feed.dialect, request, answer.body)):
        return False
    return sha256(answer.body).hexdigest() != held.digest


def _tell(equipment: Equipment, provider: Agency, found: Watched, before: Known) -> None:
    for feed_id in found.changed:
        zones = [zone.zone_id for zone in equipment.catalogue.zones_of(equipment.catalogue.feed(feed_id))]
        _log.info("%s has something new of %s, which %s take", provider.agency_id, feed_id, ", ".join(zones))
        announce.changed(provider.agency_id, feed_id, zones)
    if found.down and before.down_since is None:
        _log.warning("%s does not answer: %s", provider.agency_id, found.down)
        announce.down(provider.agency_id, found.down)
    if before.down_since and not found.down and found.asked:
        _log.info("%s answers again, which it did not since %s", provider.agency_id, before.down_since)
        announce.back(provider.agency_id, before.down_since)
