"""What one examination came to, as the report tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from datazones.model import Candidate, Curve, Finding, Verdict

CURVES = 3
"""Series that are drawn of one finding."""


@dataclass(frozen=True, slots=True)
class Report:
    """A candidate, the verdict on it, and the series around the places that its findings name.

    `next_steps` says by rule what to look at when it fails.
    """

    zone_name: str
    examined_at: datetime
    candidate: Candidate
    verdict: Verdict
    curves: tuple[Curve, ...]
    code_version: str
    next_steps: Mapping[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """In two words at most: may it be published?"""
        return "passed" if self.verdict.passed else "held back"

    def count(self, severity: str) -> int:
        """Findings that matter so much."""
        return sum(finding.severity == severity for finding in self.verdict.findings)

    def next_step(self, rule: str) -> str:
        """What to look at when that rule fails; empty where nobody says."""
        return self.next_steps.get(rule, "")

    def drawn(self, finding: Finding) -> list[Curve]:
        """The curves of one finding, but for those that an earlier finding has shown."""
        earlier = self.verdict.findings[: self.verdict.findings.index(finding)]
        shown = {place for before in earlier for place in places(before)}
        wanted = set(places(finding)) - shown
        return [curve for curve in self.curves if (curve.feed_id, curve.series_key, curve.time_period) in wanted]

    def plain(self) -> dict[str, Any]:
        """As JSON has it. Paths of this machine stay out."""
        candidate = asdict(self.candidate)
        del candidate["path"]
        return {
            "outcome": self.outcome,
            "zone_name": self.zone_name,
            "examined_at": self.examined_at.isoformat(),
            "code_version": self.code_version,
            "candidate": _stamped(candidate),
            "verdict": asdict(self.verdict),
            "next_steps": {each.rule: self.next_step(each.rule) for each in self.verdict.findings},
            "curves": [asdict(curve) for curve in self.curves],
        }


def places(finding: Finding) -> list[tuple[str, str, str | None]]:
    """Feed, series and period of what is to be drawn of a finding: one place a series, the first that is named."""
    found: dict[tuple[str, str], str | None] = {}
    for row in finding.sample:
        feed_id, series_key, time_period = (_text(row, name) for name in ("feed_id", "series_key", "time_period"))
        if feed_id and series_key:
            found.setdefault((feed_id, series_key), time_period)
    return [(*series, period) for series, period in list(found.items())[:CURVES]]


def headings(finding: Finding) -> list[str]:
    """The columns of a finding's sample: what any of its rows has."""
    return list(dict.fromkeys(name for row in finding.sample for name in row))


def _text(row: Mapping[str, object], name: str) -> str | None:
    cell = row.get(name)
    return None if cell is None else str(cell)


def _stamped(candidate: dict[str, Any]) -> dict[str, Any]:
    feeds = [{**feed, "known_at": feed["known_at"] and feed["known_at"].isoformat()} for feed in candidate["feeds"]]
    return {**candidate, "feeds": feeds}
