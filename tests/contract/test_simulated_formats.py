"""What the facts say comes through every wire format unchanged: written by the simulator, read by the dialect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from datazones import dialects
from infra.simulator import facts, formats
from infra.simulator.clock import moment
from infra.simulator.server import serving
from infra.simulator.volume import widened
from tests.journey import facts as independent
from tests.simulated import PROVINCES, QUESTIONS, WORLD_BANK, Question, asked

CLOCKS = ("2020-12-01T00:00:00Z", "2026-04-01T00:00:00Z")
WORLD = widened(facts.load(), 1)


@pytest.fixture(scope="module", params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A moment, and the simulator as it is then."""
    with serving(request.param, world=WORLD) as base:
        yield request.param, base


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_facts_come_through_exactly(clock: tuple[str, str], question: Question) -> None:
    now, base = clock
    expected = question.expected(WORLD, moment(now))
    assert len(expected) > 20
    assert asked(base, question) == expected


def test_every_dialect_has_a_format_and_every_format_a_question() -> None:
    assert sorted(formats.names()) == sorted(dialects.names())
    assert {question.dialect for question in QUESTIONS} == {*dialects.names()}


def test_between_them_the_questions_meet_every_kind_of_flag_and_gap() -> None:
    said = {row[3:] for question in QUESTIONS for row in question.expected(WORLD, moment(CLOCKS[1]))}
    letters = {status for status, _ in said}
    assert {"r", "p", "e", "c", "@C", "A", "P", "E", "O", "Q", None} <= letters
    assert {conf for _, conf in said} == {None, "C", "F"}


@pytest.mark.parametrize("flow", [WORLD_BANK, PROVINCES])
@pytest.mark.parametrize("now", CLOCKS)
def test_the_oracle_is_what_the_files_of_facts_say(flow: tuple[str, str], now: str) -> None:
    known = facts.load().flow(*flow)
    assert known is not None
    figures = {tuple(key): float(text) for key, text in known.seen(moment(now)).figures.items() if text}
    assert figures == independent.seen(*flow, date.fromisoformat(now[:10]))
