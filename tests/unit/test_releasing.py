"""Release calendars: when a provider is asked, and until when what it gave early is nobody's to read."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import ValidationError

from datazones.catalogue.entries import Release
from datazones.catalogue.loading import SHIPPED
from datazones.catalogue.releasing import embargo, is_awake, newest, upcoming
from datazones.errors import UnderEmbargo
from datazones.model import HeldFeed
from datazones.publishing import Store, StoreAddress, current, fetch_manifest, publish
from datazones.publishing import seal as keep
from datazones.settings import settings
from tasks.equip import Equipment, equipped
from tasks.seal import embargoed_until, refuse_early, wait
from tests.snapshots import PASSED, SIGNER, beside, candidate

MONTHLY = Release(timezone="Asia/Shanghai", cron="0 10 17 * *", dense_hours=48, early_minutes=60)
RELEASED = datetime(2026, 4, 17, 2, tzinfo=UTC)
"""Ten o'clock in Beijing."""

BEFORE = RELEASED - timedelta(days=40)
HOUR = timedelta(hours=1)
SOON_S = 15
LAST = "2090-01-01T00:00:00"


def test_a_rule_is_read_by_the_providers_clock() -> None:
    assert newest(MONTHLY, RELEASED) == RELEASED
    assert newest(MONTHLY, RELEASED - timedelta(microseconds=1)) == datetime(2026, 3, 17, 2, tzinfo=UTC)
    assert upcoming(MONTHLY, RELEASED) == datetime(2026, 5, 17, 2, tzinfo=UTC)


def test_in_summer_a_providers_morning_is_earlier_by_ours() -> None:
    european = Release(timezone="Europe/Luxembourg", cron="0 11 17 * *")
    found = [upcoming(european, datetime(2026, month, 1, tzinfo=UTC)) for month in (1, 7)]
    assert [moment and moment.hour for moment in found] == [10, 9]


def test_dates_are_a_calendar_as_well_and_one_that_has_run_out_puts_nobody_to_sleep() -> None:
    dates = ["2026-04-17T10:00:00", "2026-01-17T10:00:00"]
    listed = Release.model_validate({"timezone": "Asia/Shanghai", "dates": dates})
    assert newest(listed, RELEASED) == RELEASED
    assert upcoming(listed, RELEASED) is None
    assert is_awake(listed, RELEASED + HOUR, RELEASED + timedelta(days=300))


@pytest.mark.parametrize("wrong", [{}, {"cron": "0 10 17 * *", "dates": ["2026-04-17T10:00:00"]}])
def test_a_calendar_is_a_rule_or_dates_and_not_both(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="either a rule"):
        Release.model_validate({"timezone": "UTC", **wrong})


@pytest.mark.parametrize(
    ("at", "held_at", "asked"),
    [
        (RELEASED - timedelta(days=5), RELEASED - timedelta(days=20), False),
        (RELEASED - 2 * HOUR, RELEASED - timedelta(days=20), False),
        (RELEASED - HOUR, RELEASED - timedelta(days=20), True),
        (RELEASED + HOUR, RELEASED - timedelta(days=20), True),
        (RELEASED + HOUR, RELEASED + HOUR / 2, True),
        (RELEASED + timedelta(days=3), RELEASED + HOUR / 2, False),
        (RELEASED + timedelta(days=3), RELEASED - timedelta(days=20), True),
        (RELEASED - timedelta(days=5), None, True),
    ],
)
def test_a_provider_is_asked_densely_around_its_release_until_it_has_come_and_not_else(
    at: datetime, held_at: datetime | None, *, asked: bool
) -> None:
    assert is_awake(MONTHLY, held_at, at) is asked


def test_what_was_given_early_is_under_embargo_until_the_minute_of_the_release() -> None:
    given = RELEASED - HOUR / 2
    assert embargo(MONTHLY, given, given) == RELEASED
    assert embargo(MONTHLY, given, RELEASED - timedelta(microseconds=1)) == RELEASED
    assert embargo(MONTHLY, given, RELEASED) is None
    assert embargo(MONTHLY, BEFORE, given) is None, "what was known before is not what is to be released"


@pytest.fixture
def early(
    embedded: StoreAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Equipment, datetime]]:
    """An installation whose NBS feed is released in a few seconds, and was given to us already."""
    feeds = tmp_path / "feeds"
    shutil.copytree(SHIPPED / "feeds", feeds)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=SOON_S)
    with (feeds / "nbs_province_year.toml").open("a") as more:
        more.write(f'\n[release]\ntimezone = "UTC"\nearly_minutes = 60\ndates = [{until:%Y-%m-%dT%H:%M:%S}, {LAST}]\n')
    given = {
        "HOME": str(tmp_path / "home"),
        "FEEDS_FOLDER": str(feeds),
        "STORE_URL": embedded.url,
        "STORE_BUCKET": embedded.bucket,
        "STORE_ACCESS_KEY": str(embedded.access_key),
        "STORE_SECRET_KEY": str(embedded.secret_key),
    }
    for name, text in given.items():
        monkeypatch.setenv(f"DATAZONES_{name}", text)
    settings.cache_clear()
    with equipped() as equipment:
        yield equipment, until
    settings.cache_clear()


def test_a_candidate_under_embargo_is_sealed_and_readable_from_the_minute_on_and_not_before(
    early: tuple[Equipment, datetime], tmp_path: Path
) -> None:
    equipment, until = early
    store, prefix = equipment.store, f"zones/{uuid4().hex}"
    held = HeldFeed("nbs_province_year", "NBS", "fsnd", "terms", "NBS", 1, until - timedelta(seconds=30))
    built = replace(candidate(tmp_path / "built", "figures"), feeds=(held,))
    report = beside(tmp_path)
    assert embargoed_until(equipment, built.feeds) == until
    keep(store, prefix, built, report)
    with pytest.raises(UnderEmbargo):
        refuse_early(equipment, "hunan", built.feeds)
    _sealed(store, prefix)
    wait(until)
    refuse_early(equipment, "hunan", built.feeds)
    publish(store, prefix, built, PASSED, equipment.settings.clock(), signer=SIGNER, beside=report)
    lasted = time.time() - until.timestamp()
    pointer = current(store, prefix)
    assert pointer
    assert fetch_manifest(store, prefix, pointer.snapshot).created_at >= until
    print(f"published {lasted:.2f} s after the minute")


def _sealed(store: Store, prefix: str) -> None:
    """The files are there, and nothing leads to them."""
    keys = [listed.key.removeprefix(f"{prefix}/").partition("/")[0] for listed in store.listing(f"{prefix}/")]
    assert set(keys) == {"objects"}
    assert current(store, prefix) is None
