"""Providers are asked whether they have something new, cheaply: counted at the provider, and told once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from datazones.catalogue.entries import Release
from tests.journey.backfilling import Rig, rig

ALIKE = ["months", "months_of_beijing"]
"""Two feeds whose first zone's question is one and the same; the third feed of the rig asks another."""

QUESTIONS = 2


@pytest.fixture(scope="module")
def providers_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("watching"), 2) as found:
        yield found


@pytest.fixture
def watching(providers_rig: Rig) -> Iterator[Rig]:
    """After a first look, at providers that behave; what was remembered is forgotten afterwards."""
    from flows.watch import watch

    watch()
    yield providers_rig
    providers_rig.providers.script()
    for found in providers_rig.equipment.store.listing("shared/"):
        providers_rig.equipment.store.remove(found.key)


def _look(rig: Rig) -> tuple[int, tuple[str, ...], str | None]:
    """How many questions reached the provider, which feeds have something new, and why it is down."""
    from flows.watch import watch

    before = rig.providers.count()
    (found,) = watch()
    assert found.asked == rig.providers.count() - before
    return found.asked, found.changed, found.down


def test_what_several_feeds_share_is_asked_once_and_no_news_are_no_news(watching: Rig) -> None:
    assert _look(watching) == (QUESTIONS, (), None)


def test_a_provider_that_names_its_states_is_asked_on_condition_and_need_not_answer_again(watching: Rig) -> None:
    watching.providers.script({"match": "easyquery", "fault": "header", "name": "ETag", "said": '"a"'})
    assert _look(watching) == (QUESTIONS, (), None)
    watching.providers.script({"match": "easyquery", "fault": "status", "code": 304})  # an error, unless on condition
    assert _look(watching) == (QUESTIONS, (), None)
    assert watching.providers.statuses()[304] == QUESTIONS


def test_something_new_is_told_once_with_the_zones_that_take_it(
    watching: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    watching.providers.script({"match": "easyquery", "fault": "replaced", "old": "SIM0001", "new": "SIM0002"})
    with caplog.at_level(logging.INFO, "datazones.transport"):
        asked, changed, down = _look(watching)
        assert (asked, set(changed), down) == (QUESTIONS, {*ALIKE, "months_until_2019"}, None)
        assert _look(watching) == (QUESTIONS, (), None)
    told = [record.message for record in caplog.records if "has something new" in record.message]
    assert len(told) == len(ALIKE) + 1
    assert all(message.endswith("which z00, z01 take") for message in told)


def test_a_provider_that_is_down_is_not_asked_on_and_it_is_told_once_and_that_it_is_back(
    watching: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    watching.providers.script({"match": "easyquery", "fault": "status", "code": 403})
    with caplog.at_level(logging.INFO, "datazones.transport"):
        for _ in range(2):
            asked, changed, down = _look(watching)
            assert (asked, changed) == (1, ())
            assert down
            assert "403" in down
        watching.providers.script()
        assert _look(watching) == (QUESTIONS, (), None)
    told = [record.message for record in caplog.records if "NBS" in record.message]
    assert [("does not answer" in message, "answers again" in message) for message in told] == [
        (True, False),
        (False, True),
    ]


def test_a_provider_that_releases_at_another_time_is_left_alone(watching: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue, now = watching.equipment.catalogue, watching.equipment.settings.clock()
    far = Release(timezone="UTC", dates=(datetime(2020, 1, 1), datetime(now.year + 9, 1, 1)))  # noqa: DTZ001 - as the provider's clock shows them
    calm = {name: feed.model_copy(update={"release": far}) for name, feed in catalogue.feeds.items()}
    monkeypatch.setattr(watching.equipment, "catalogue", replace(catalogue, feeds=calm))
    assert _look(watching) == (0, (), None)


def test_a_large_answer_of_a_provider_that_names_no_states_is_left_to_the_schedule(watching: Rig) -> None:
    watching.providers.script({"match": "easyquery", "fault": "padded", "size": 2**20})
    assert _look(watching)[0] == QUESTIONS
    assert _look(watching) == (0, (), None)
