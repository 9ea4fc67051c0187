"""The ledger of a backfill: chunks are claimed, taken over, paused, cancelled and retried; none is done twice."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from datazones.backfilling import Ledger, Outcome, Part, Wanted
from datazones.backfilling.chunks import LEASE_S, Chunk
from datazones.backfilling.ledger import ATTEMPTS, Claim, ClaimLost
from datazones.backfilling.telling import Progress, progress
from datazones.errors import UnknownCode
from datazones.publishing import Store
from tests.wire_store import WireStore

AT = datetime(2020, 12, 1, tzinfo=UTC)


def part(slices: int = 6, size: int = 2, zone: str = "hunan") -> Part:
    wanted = Wanted("gdp", (zone,), "2010", "2015")
    windows = tuple((str(2010 + nth), str(2010 + nth)) for nth in range(slices))
    return Part("abc123", zone, wanted, AT, size, 0, slices, 1.0, "", windows)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    found = Ledger(WireStore().store(), "zones/hunan", clock)
    found.begin(part())
    return found


def carried(claim: Claim) -> None:
    claim.note_all({number: Outcome("landed", calls=1) for number, _ in part().of(claim.chunk.number)})
    claim.loaded(number for number, _ in part().of(claim.chunk.number))
    claim.end("done")


def claimed(ledger: Ledger, chunk: int = 0) -> Claim:
    found = ledger.claim("abc123", chunk)
    assert found
    return found


def told(ledger: Ledger) -> Progress:
    return progress([(part(), ledger.chunks(part()), ledger.word("abc123"))], ledger.now())


def test_a_chunk_is_in_one_worker_s_hands(ledger: Ledger) -> None:
    assert ledger.claim("abc123", 0)
    assert ledger.claim("abc123", 0) is None
    assert ledger.claim("abc123", 1)


def test_a_dead_worker_s_claim_runs_out_and_its_successor_knows_what_was_done(ledger: Ledger, clock: Clock) -> None:
    first = claimed(ledger)
    first.note_all({0: Outcome("landed", calls=3)})
    clock.now += LEASE_S + 1
    second = claimed(ledger)
    assert second.outcomes == {0: Outcome("landed", calls=3)}
    with pytest.raises(ClaimLost):
        first.save()


def test_a_chunk_that_kills_its_workers_is_given_to_no_other_one(ledger: Ledger, clock: Clock) -> None:
    for _ in range(ATTEMPTS):
        assert claimed(ledger)
        clock.now += LEASE_S + 1
    assert ledger.claim("abc123", 0) is None
    assert "died 10 times" in ledger.chunk("abc123", 0).reason
    ledger.retry(part())
    assert claimed(ledger)


def test_what_is_done_is_not_claimed_again_and_what_failed_only_after_retry(ledger: Ledger) -> None:
    carried(claimed(ledger, 0))
    failing = claimed(ledger, 1)
    failing.note_all({2: Outcome("failed", 1, 0, "ProviderRefused: no"), 3: Outcome("loaded", 1)})
    failing.end("failed", "1 of 2 slices")
    assert [ledger.claim("abc123", chunk) for chunk in (0, 1)] == [None, None]
    assert told(ledger).slices == {"done": 3, "failed": 1, "planned": 2}
    assert ledger.retry(part()) == 1
    assert claimed(ledger, 1).outcomes == {3: Outcome("loaded", 1)}


def test_paused_nothing_is_claimed_and_resumed_it_goes_on(ledger: Ledger) -> None:
    working = claimed(ledger)
    ledger.say("abc123", "pause", "ann")
    assert working.word() == "pause"
    working.lay_down()
    assert told(ledger).state == "paused"
    assert ledger.claim("abc123", 0) is None
    ledger.say("abc123", "run", "ann")
    assert claimed(ledger)


def test_cancelled_it_stays_cancelled(ledger: Ledger) -> None:
    carried(claimed(ledger, 0))
    assert ledger.cancel(part(), "ann") == 2
    ledger.say("abc123", "run", "bob")
    assert ledger.claim("abc123", 1) is None
    assert told(ledger).state == "cancelled"
    assert told(ledger).slices == {"done": 2, "cancelled": 4}


def test_what_waits_for_a_person_is_done_once_it_is_approved() -> None:
    held = Chunk(0, outcomes={0: Outcome("landed"), 1: Outcome("nothing")}).ended(1.0, "held", "waits", "f" * 64)
    assert held.approved().state == "done"
    assert [outcome.state for outcome in held.approved().outcomes.values()] == ["loaded", "nothing"]


def test_an_unknown_backfill_is_said_to_be_one(ledger: Ledger) -> None:
    with pytest.raises(UnknownCode, match="backfill list"):
        ledger.part("nothing")
    assert ledger.ids() == ["abc123"]


def test_half_way_it_says_how_long_the_other_half_takes(ledger: Ledger, clock: Clock) -> None:
    working = claimed(ledger)
    clock.now += 60
    working.note_all({0: Outcome("loaded"), 1: Outcome("loaded")})
    assert told(ledger).left_s == pytest.approx(120)
    assert "about 2 min left" in str(told(ledger))


def test_the_ledger_is_the_same_on_a_real_store(store: Store, prefix: str) -> None:
    real = Ledger(store, prefix)
    real.begin(part())
    carried(claimed(real, 0))
    assert real.chunk("abc123", 0).state == "done"
    assert real.claim("abc123", 0) is None
    assert [chunk.state for chunk in real.chunks(real.part("abc123"))] == ["done", "planned", "planned"]
    real.cancel(part(), "ann")
    assert real.word("abc123") == "cancel"


class AnyOrder(RuleBasedStateMachine):
    """Workers claim, ask, load, die, lay down and wake up too late, in any order; provider calls are counted."""

    claims = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        self.ledger = Ledger(WireStore().store(), "zones/hunan", self.clock)
        self.ledger.begin(part())
        self.landed: set[int] = set()
        self.asked: Counter[int] = Counter()
        self.published: Counter[int] = Counter()

    @rule(target=claims, chunk=st.integers(0, 2))
    def claim(self, chunk: int) -> object:
        found = self.ledger.claim("abc123", chunk)
        return found or multiple()

    @rule(claim=claims, slices=st.integers(1, 2))
    def work(self, claim: Claim, slices: int) -> None:
        """Ask for some slices: what has landed is not asked again, as the answers' notes have it."""
        try:
            for number, _ in list(part().of(claim.chunk.number))[:slices]:
                if number not in claim.outcomes or not claim.outcomes[number].done:
                    if number not in self.landed:
                        self.asked[number] += 1
                        self.landed.add(number)
                    claim.note_all({number: Outcome("landed", calls=1)})
        except ClaimLost:
            pass

    @rule(claim=consumes(claims))
    def finish(self, claim: Claim) -> None:
        numbers = [number for number, _ in part().of(claim.chunk.number)]
        if all(number in claim.outcomes for number in numbers):
            try:
                fresh = [number for number in numbers if not claim.outcomes[number].done]
                claim.loaded(fresh)
                claim.end("done")
                self.published.update(fresh)
            except ClaimLost:
                pass

    @rule(claim=consumes(claims))
    def lay_down(self, claim: Claim) -> None:
        with suppress(ClaimLost):
            claim.lay_down()

    @rule()
    def time_passes(self) -> None:
        """Whoever holds a claim and says nothing is taken for dead."""
        self.clock.now += LEASE_S + 1

    @rule(word=st.sampled_from(["pause", "run"]))
    def say(self, word: str) -> None:
        self.ledger.say("abc123", word, "ann")  # type: ignore[arg-type]

    @invariant()
    def nothing_is_done_twice(self) -> None:
        if hasattr(self, "asked"):
            assert all(count == 1 for count in self.asked.values())
            assert all(count == 1 for count in self.published.values())

    def teardown(self) -> None:
        """However it went, it can be brought to its end, and every slice is done once."""
        if not hasattr(self, "ledger"):
            return
        self.ledger.say("abc123", "run", "ann")
        self.clock.now += LEASE_S + 1
        self.ledger.retry(part())
        for number in part().chunks:
            claim = self.ledger.claim("abc123", number)
            if claim is None and self.ledger.chunk("abc123", number).state == "failed":
                self.ledger.retry(part())
                claim = self.ledger.claim("abc123", number)
            if claim:
                self.work(claim, 2)
                self.finish(claim)
        assert self.published == Counter(dict.fromkeys(range(6), 1))
        assert told(self.ledger).done == 6


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_outcomes_come_back_from_the_store_as_they_went_in() -> None:
    chunk = replace(Chunk(3), outcomes={7: Outcome("failed", 2, 100, "why")}, snapshot="1-abc")
    assert Chunk.from_plain(orjson.loads(chunk.plain())) == chunk
