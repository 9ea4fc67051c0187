"""Pure: when a provider releases, when it is asked, and until when what it gave us early is nobody's to read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from datazones import slots
from datazones.catalogue.entries import Release


def newest(release: Release, at: datetime) -> datetime | None:
    """The last release that is not later than `at`; None before the first that is declared."""
    if release.cron:
        found = next(CronSim(release.cron, _there(release, at) + timedelta(microseconds=1), reverse=True))
        return found.astimezone(UTC)
    return max((moment for moment in _declared(release) if moment <= at), default=None)


def upcoming(release: Release, at: datetime) -> datetime | None:
    """The first release after `at`; None when the calendar does not go so far."""
    if release.cron:
        return next(CronSim(release.cron, _there(release, at))).astimezone(UTC)
    return min((moment for moment in _declared(release) if moment > at), default=None)


def is_awake(release: Release, held_at: datetime | None, at: datetime) -> bool:
    """Whether the provider is asked at that instant, by somebody whose newest answer is of `held_at`.

    Densely around a release, and for as long after it as nothing has come; else not. A calendar that does not go on
    says nothing, so then the provider is asked.
    """
    coming, last = upcoming(release, at), newest(release, at)
    if held_at is None or coming is None or at >= coming - release.early:
        return True
    return last is not None and (held_at < last or at < last + release.dense)


def embargo(release: Release, known_at: datetime, now: datetime) -> datetime | None:
    """The release until which figures that became known then may not be read; None when they may."""
    coming = upcoming(release, now)
    if coming is None or not release.early or now < coming - release.early or known_at < coming - release.early:
        return None
    return coming


def _there(release: Release, at: datetime) -> datetime:
    return slots.utc(at).astimezone(ZoneInfo(release.timezone))


def _declared(release: Release) -> list[datetime]:
    return [moment.replace(tzinfo=ZoneInfo(release.timezone)).astimezone(UTC) for moment in release.dates]
