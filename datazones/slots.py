"""Slots: the instants, in UTC, at which a zone is due. Pure: whoever asks says what time it is.

A slot is the same instant on every machine and in every season, so two that speak of one speak of the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

FORM = "%Y%m%dT%H%M%SZ"
"""As a slot stands in keys: in this form they sort as they follow each other."""

GRACE = timedelta(minutes=2)
"""So long, or a quarter of the way to the next slot if that is less, the scheduler has to start a run by itself."""


def refuse_cron(text: str) -> str:
    """The text; ValueError unless it is five fields of cron that ever come true."""
    if len(text.split()) != 5:
        raise ValueError("five cron fields, in UTC")
    try:
        next(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"five cron fields, in UTC ({error or 'these never come true'})") from error
    return text


def utc(at: datetime) -> datetime:
    """The instant as a plain datetime in UTC: what other libraries make of datetime is not one to cronsim."""
    there = at.astimezone(UTC)
    return datetime.combine(there.date(), there.time(), UTC)


def due(cron: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every slot later than `after` and not later than `until`, in order."""
    for slot in CronSim(cron, utc(after)):
        if slot > until:
            return
        yield slot


def latest(cron: str, at: datetime) -> datetime:
    """The newest slot that is not later than `at`."""
    return next(CronSim(cron, utc(at) + timedelta(microseconds=1), reverse=True))


def following(cron: str, slot: datetime) -> datetime:
    """The slot after this one."""
    return next(CronSim(cron, utc(slot)))


def is_slot(cron: str, at: datetime) -> bool:
    """Whether the instant is one of the cron's."""
    return at.microsecond == 0 and latest(cron, at) == at


def before(cron: str, slot: datetime) -> datetime:
    """The slot before this one."""
    return latest(cron, slot - timedelta(microseconds=1))


def is_silent(cron: str, planned_until: datetime, now: datetime) -> bool:
    """Whether a scheduler that planned no run after `planned_until` has let two slots in a row pass by."""
    newest = latest(cron, now)
    return planned_until < before(cron, newest) and now - newest > grace(cron, newest)


def grace(cron: str, slot: datetime) -> timedelta:
    """How long after the slot a run of it is not yet missed."""
    return min(GRACE, (following(cron, slot) - slot) / 4)


def named(slot: datetime) -> str:
    """As keys have it: 20261127T180500Z."""
    return slot.astimezone(UTC).strftime(FORM)


def read(name: str) -> datetime:
    """The slot of that name."""
    return datetime.fromisoformat(name)
