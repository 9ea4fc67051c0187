"""Ten zones that want the same cube ask their provider once: a real store, a real transport, a simulated provider."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from datazones.catalogue import load
from datazones.catalogue.asking import requests
from datazones.errors import ProviderUnavailable, SnapshotTampered
from datazones.landing import Landing
from datazones.model import Landed, Request, Window
from datazones.publishing import Store, StoreAddress
from datazones.publishing.allowing import SHARED
from datazones.sharing import Shared
from datazones.transport import Answer, Manners, Transport, collect, request_key
from infra.simulator.server import serving
from tests.shelf import Shelf

ZONES = 10
FRESH = timedelta(minutes=50)
BEGIN = datetime(2026, 4, 1, tzinfo=UTC)
QUESTION = Request("https://api.example.org/figures")
MANNERS = Manners("datazones tests", frozenset({"api.worldbank.org"}))


@pytest.fixture
def shared_store(embedded: StoreAddress) -> Iterator[Store]:
    """A store in which nobody has shared anything yet."""
    with Store.at(embedded) as store:
        _emptied(store)
        yield store
        _emptied(store)


def _emptied(store: Store) -> None:
    for found in store.listing(f"{SHARED}/"):
        store.remove(found.key)


class Provider:
    """Answers with `body`, counts how often it was asked, and does not like to be asked twice at once."""

    manners = MANNERS

    def __init__(self, body: bytes = b"1", etag: str | None = None) -> None:
        self.body, self.etag, self.asked, self.now = body, etag, 0, BEGIN
        self.error: Exception | None = None

    def ask(self, _request: Request, *, etag: str | None = None, last_modified: str | None = None) -> Answer:  # noqa: ARG002
        self.asked += 1
        time.sleep(0.05)
        if self.error:
            raise self.error
        headers = {"etag": self.etag} if self.etag else {}
        if etag and etag == self.etag:
            return Answer(304, headers, b"", self.now, not_modified=True)
        return Answer(200, headers, self.body, self.now)


def _requests(simulator: str) -> int:
    """How often it was asked, as its own journal has it."""
    with urllib.request.urlopen(f"{simulator}/_requests", timeout=10) as answer:
        return int(json.load(answer)["count"])


def _shared(provider: Provider, store: Store) -> Shared:
    return Shared(provider, store, lambda: provider.now, FRESH)


def test_ten_zones_at_once_ask_for_the_same_feed_in_as_many_requests_as_one_and_get_the_same(
    shared_store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    feed = load().feed("worldbank_ai_race")
    zones = list(load().zones.values())[:ZONES]
    with serving(now=BEGIN) as alone, Transport(MANNERS, lambda: BEGIN, alone) as transport:
        shelf = Shelf()
        one = collect(transport, requests(feed, zones[0], Window(), BEGIN), feed.dialect, keep=shelf.keep)
        wanted = _requests(alone)
    with serving(now=BEGIN) as provider, ThreadPoolExecutor(ZONES) as hands:

        def refreshed(number: int) -> Sequence[Landed]:
            folder = tmp_path_factory.mktemp("landing")
            landing = Landing(shared_store, zones[number].prefix, folder)
            with Transport(MANNERS, lambda: BEGIN, provider) as transport:
                asks = Shared(transport, shared_store, lambda: BEGIN, FRESH)
                questions = requests(feed, zones[number], Window(), BEGIN)
                return collect(asks, questions, feed.dialect, keep=lambda request, answer: landing.keep(
                    answer.body, request_key=request_key(request), part=request.part,
                    retrieved_at=answer.retrieved_at, headers={},
                ))  # fmt: skip

        found = list(hands.map(refreshed, range(ZONES)))
        asked = _requests(provider)
    print(f"{ZONES} zones, {asked} requests; one zone alone: {wanted}")
    assert asked == wanted
    assert {tuple(answer.digest for answer in answers) for answers in found} == {tuple(a.digest for a in one)}
    raw = [listed.key for zone in zones for listed in shared_store.listing(f"{zone.prefix}/raw/")]
    assert len(raw) == ZONES * len({answer.digest for answer in one}), "each zone keeps what it took as its own"


def test_an_answer_is_taken_while_it_is_fresh_and_asked_for_anew_after_that(shared_store: Store) -> None:
    provider = Provider()
    first = _shared(provider, shared_store).ask(QUESTION)
    provider.body, provider.now = b"2", BEGIN + FRESH
    assert _shared(provider, shared_store).ask(QUESTION) == first
    provider.now += timedelta(seconds=1)
    assert _shared(provider, shared_store).ask(QUESTION).body == b"2"
    assert provider.asked == 2


def test_that_nothing_has_changed_is_shared_by_those_who_hold_the_same(shared_store: Store) -> None:
    provider = Provider(b"1", etag='"one"')
    for _ in range(3):
        assert _shared(provider, shared_store).ask(QUESTION, etag='"one"').not_modified
    assert provider.asked == 1
    assert _shared(provider, shared_store).ask(QUESTION).body == b"1"
    assert _shared(provider, shared_store).ask(QUESTION, etag='"older"').body == b"1"
    assert provider.asked == 2, "who holds something else needs the bytes, which nobody had"


def test_a_question_that_is_asked_again_in_one_collecting_goes_to_the_provider(shared_store: Store) -> None:
    provider = Provider()
    _shared(provider, shared_store).ask(QUESTION)
    asks = _shared(provider, shared_store)
    asks.ask(QUESTION)
    provider.body = b"2"
    assert asks.ask(QUESTION).body == b"2"


def test_no_page_is_older_than_the_page_before_it(shared_store: Store) -> None:
    provider, second = Provider(), replace(QUESTION, params=(("page", "2"),))
    _shared(provider, shared_store).ask(second)
    provider.now += timedelta(minutes=1)
    asks = _shared(provider, shared_store)
    assert asks.ask(QUESTION).retrieved_at == asks.ask(second).retrieved_at == provider.now


def test_who_asked_in_vain_keeps_nobody_waiting(shared_store: Store) -> None:
    provider = Provider()
    provider.error = ProviderUnavailable("x", found="503", expected="an answer", next_step="wait")
    with pytest.raises(ProviderUnavailable):
        _shared(provider, shared_store).ask(QUESTION)
    provider.error = None
    begun = time.monotonic()
    assert _shared(provider, shared_store).ask(QUESTION).body == b"1"
    assert time.monotonic() - begun < MANNERS.deadline_s / 10


def test_shared_bytes_that_are_not_those_that_were_answered_are_an_alarm_and_never_taken(shared_store: Store) -> None:
    provider = Provider()
    _shared(provider, shared_store).ask(QUESTION)
    (raw,) = shared_store.listing(f"{SHARED}/raw/")
    shared_store.swap(raw.key, b"something else", raw.etag)
    with pytest.raises(SnapshotTampered):
        _shared(provider, shared_store).ask(QUESTION)
