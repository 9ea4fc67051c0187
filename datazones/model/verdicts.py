"""What the gate finds, what is set aside for it, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Broken:
    """One observation that breaks rules by itself, what was found, and where in which raw answer it came (from 1)."""

    rule: str
    found: str
    feed_id: str
    series_key: str
    time_period: str
    raw_digest: str | None = None
    raw_place: int | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One observation that was set aside: the rules it broke, its raw answer, and what a person decided."""

    quarantine_id: int
    rule: str
    complaint: str
    feed_id: str
    series_key: str
    time_period: str
    period_start: date
    period_end: date
    obs_value: float | None
    obs_status: str | None
    conf_status: str | None
    comment_obs: str | None
    obs_attributes: str | None
    known_from: datetime
    vintage_id: int
    load_id: int
    raw_digest: str | None
    raw_place: int | None
    set_aside_at: datetime
    decision: str
    decided_by: str | None
    because: str | None
    decided_at: datetime | None
    decided_load: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the gate noticed: the rule, how much it matters, how often, and where to look first.

    `alone`: each observation in it is wrong by itself, so that it may be set aside and the rest go on.
    """

    rule: str
    severity: Literal["critical", "warning", "info"]
    found: str
    expected: str
    count: int = 0
    sample: tuple[Mapping[str, object], ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided: `passed` is False when a critical expectation failed."""

    passed: bool
    checks: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One observation of a curve: the candidate's figure, and the one readers hold now; None where there is none."""

    time_period: str
    obs_value: float | None
    obs_value_before: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A series around the place that a finding names; `time_period` is None where it names the series as a whole."""

    feed_id: str
    series_key: str
    time_period: str | None
    title: str | None
    unit_measure: str | None
    points: tuple[Point, ...]
