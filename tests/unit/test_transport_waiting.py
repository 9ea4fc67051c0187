"""Retry-After in all its forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from datazones.transport.waiting import FOREVER_S, Deadline, retry_after

NOW = datetime(2026, 4, 1, 12, 0, 0, tzinfo=UTC)

SAID = {
    "120": 120.0,
    " 120 ": 120.0,
    "0.5": 0.5,
    "7.": 7.0,
    "Wed, 01 Apr 2026 12:00:30 GMT": 30.0,
    "Wednesday, 01-Apr-26 12:00:30 GMT": 30.0,
    "Wed Apr  1 12:00:30 2026": 30.0,
    "Wed, 01 Apr 2026 14:00:30 +0200": 30.0,
    "99999999999": FOREVER_S,
    "9" * 400: FOREVER_S,
    "Fri, 31 Dec 9999 23:59:59 GMT": FOREVER_S,
    "0": None,
    "-5": None,
    "-0.0": None,
    "Wed, 01 Apr 2026 11:59:00 GMT": None,
    "": None,
    "soon": None,
    "inf": None,
    "nan": None,
    "1e3": None,
    "0x10": None,
    "１２０": None,
    "120, 60": None,
    "Wed, 99 Apr 2026 12:00:30 GMT": None,
    "Wed, 01 Apr 99999 12:00:30 GMT": None,
}


@pytest.mark.parametrize(("said", "seconds"), SAID.items())
def test_every_form_of_retry_after_is_seconds_to_wait_or_nothing_said(said: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": said}, lambda: NOW) == seconds


def test_nothing_said_is_nothing_to_wait_for() -> None:
    assert retry_after({}, lambda: NOW) is None


def test_a_date_counts_from_the_answers_own_date_so_that_no_clock_need_be_right() -> None:
    headers = {"retry-after": "Wed, 01 Apr 2026 08:01:00 GMT", "date": "Wed, 01 Apr 2026 08:00:00 GMT"}
    assert retry_after(headers, lambda: NOW) == 60.0


def test_a_deadline_that_is_over_leaves_nothing_and_never_less() -> None:
    assert Deadline(0).left() == 0.0
    assert 0 < Deadline(10).left() <= 10
