"""The slot book on real object stores: each thing is written once, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from datazones.errors import ExpectationsFailed, ProviderUnavailable, SnapshotTampered, StructureChanged
from datazones.publishing import Book, End, Seen, Store
from datazones.publishing.book import Ended
from datazones.reconciling import Rules
from tasks.account import accounted, slot_of
from tasks.reconcile import reconcile

BEGIN = datetime(2026, 4, 1, 18, 5, tzinfo=UTC)
NOW = BEGIN + timedelta(days=3, hours=1)
RULES = Rules("5 18 * * *", each=False, patience=timedelta(hours=6))
HANDS = 8
T = TypeVar("T")


@pytest.fixture
def book(store: Store, prefix: str) -> Book:
    return Book(store, prefix, "hunan")


class Runs:
    """Who runs slots: nobody, but it is written down what was asked for."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    def live(self, _zone_id: str, _now: datetime) -> frozenset[datetime]:
        return frozenset()

    def ask(self, _zone_id: str, slot: datetime, _number: int) -> None:
        self.asked.append(slot)


def _at_once(do: Callable[[int], T]) -> list[T]:
    with ThreadPoolExecutor(HANDS) as hands:
        return list(hands.map(do, range(HANDS)))


def _untold(_slot: datetime, _reason: str) -> None:
    raise AssertionError("nothing is late here")


def test_of_many_runs_of_one_slot_one_writes_its_end_and_all_see_that_one(book: Book) -> None:
    outcomes: tuple[Ended, Ended] = ("published", "unchanged")
    found = _at_once(lambda hand: book.close(BEGIN, outcomes[hand % 2], NOW, run=str(hand)))
    assert len(set(map(End.canonical, found))) == 1
    assert book.end_of(BEGIN) == found[0]


def test_of_many_reconcilers_one_asks_for_a_run_and_one_tells_the_operator(book: Book) -> None:
    assert sum(_at_once(lambda _: book.ask(BEGIN, 1, NOW))) == 1
    assert sum(_at_once(lambda _: book.tell(BEGIN, "no run", NOW))) == 1
    assert book.asked_at(BEGIN, 1) == NOW
    assert book.seen(BEGIN - timedelta(seconds=1)) == {BEGIN: Seen(ended=False, late=True, asks=(1,))}


def test_the_mark_of_what_is_settled_begins_where_the_book_was_opened_and_never_goes_back(book: Book) -> None:
    assert set(_at_once(lambda hand: book.opened(BEGIN + timedelta(days=hand)))) == {book.opened(NOW)}
    book.settle(NOW + timedelta(days=10))
    book.settle(NOW)
    assert book.opened(BEGIN) == NOW + timedelta(days=10)


def test_a_page_that_speaks_of_another_slot_is_refused(book: Book, store: Store, prefix: str) -> None:
    other = book.close(BEGIN, "published", NOW)
    later = BEGIN + timedelta(days=1)
    store.create(f"{prefix}/slots/20260402T180500Z/end.json", other.canonical())
    with pytest.raises(SnapshotTampered):
        book.end_of(later)


@pytest.mark.parametrize("key", ["garbage/end.json", "20260402T180500Z/ask-many.json"])
def test_what_is_no_page_of_a_slot_is_an_alarm_and_not_passed_over(
    book: Book, store: Store, prefix: str, key: str
) -> None:
    store.create(f"{prefix}/slots/{key}", b"{}")
    with pytest.raises(SnapshotTampered, match=key.partition("/")[0]):
        book.seen(BEGIN)


def test_after_three_days_without_anybody_the_latest_slot_is_made_up_and_covers_the_others(book: Book) -> None:
    runs = Runs()
    book.opened(BEGIN - timedelta(days=1))
    told: list[datetime] = []
    found = reconcile("hunan", book, RULES, runs, NOW, lambda slot, _: told.append(slot))
    assert (found.still_open, runs.asked) == (4, [BEGIN + timedelta(days=3)])
    assert told == [BEGIN + timedelta(days=day) for day in range(3)]
    with accounted(book, slot_of(RULES, runs.asked[0], NOW), lambda: NOW, _untold, "a run") as account:
        account.ends("published", 7)
    assert reconcile("hunan", book, RULES, runs, NOW, _untold).did("cover") == 3
    assert reconcile("hunan", book, RULES, runs, NOW, _untold).done == ()
    ends = [book.end_of(BEGIN + timedelta(days=day)) for day in range(4)]
    assert [end and end.outcome for end in ends] == ["covered", "covered", "covered", "published"]
    assert book.opened(NOW) == BEGIN + timedelta(days=3)


def test_reconcilers_at_one_zone_at_once_ask_for_each_missed_slot_once(book: Book) -> None:
    runs = Runs()
    book.opened(BEGIN - timedelta(days=1))
    rules = Rules(RULES.cron, each=True, patience=RULES.patience)
    _at_once(lambda _: reconcile("hunan", book, rules, runs, NOW, lambda *_: None))
    assert sorted(runs.asked) == [BEGIN + timedelta(days=day) for day in range(4)]


def test_a_run_that_is_wanted_and_not_due_writes_nothing(book: Book) -> None:
    assert slot_of(RULES, BEGIN + timedelta(seconds=1), NOW) is None
    with accounted(book, None, lambda: NOW, _untold) as account:
        account.ends("published", 1)
    assert book.seen(BEGIN - timedelta(days=365)) == {}


def test_a_second_run_of_a_slot_learns_how_it_ended(book: Book) -> None:
    for run in ("first", "second"):
        with accounted(book, BEGIN, lambda: NOW, _untold, run) as account:
            assert (account.before is None) == (run == "first")
            account.ends("unchanged", 3)
    assert book.end_of(BEGIN).run == "first"  # type: ignore[union-attr]  # it was just written


@pytest.mark.parametrize(
    ("error", "outcome", "told"),
    [(ExpectationsFailed, "held", 0), (StructureChanged, "alarmed", 1), (ProviderUnavailable, None, 0)],
)
def test_what_is_held_or_wrong_for_good_ends_the_slot_and_what_may_pass_leaves_it_open(
    book: Book, error: type[ExpectationsFailed], outcome: str | None, told: int
) -> None:
    heard: list[str] = []
    raised = error("the feed", found="2 units", expected="1 unit", next_step="look")
    with pytest.raises(error), accounted(book, BEGIN, lambda: NOW, lambda _, why: heard.append(why), "a run"):
        raise raised
    end = book.end_of(BEGIN)
    assert (end.outcome if end else None) == outcome
    assert len(heard) == told
    assert end is None or end.reason == f"{error.__name__} in the feed: 2 units"
