"""A verdict beside what people have decided: what was released is excused, what still waits is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from datazones.model import Finding, Quarantined, Verdict

_PLACE = ("feed_id", "series_key", "time_period")


def excused(verdict: Verdict, rows: Sequence[Quarantined]) -> Verdict:
    """The verdict without the failures that a person has released, and with a warning while rows wait in quarantine.

    `rows` are those that wait, and those released that are still what is known.
    """
    released = {(rule, *_place_of(row)) for row in rows if row.decision == "released" for rule in row.rule.split(", ")}
    findings = [_without(finding, released) for finding in verdict.findings]
    waiting = [row for row in rows if row.decision == "waiting"]
    told = (*(finding for finding in findings if finding), *([_told(waiting)] if waiting else []))
    return replace(verdict, passed=all(finding.severity != "critical" for finding in told), findings=told)


def _without(finding: Finding, released: set[tuple[str, str, str, str]]) -> Finding | None:
    """None if every place in it was released; a finding whose places are not all named is left as it is."""
    if not finding.alone or len(finding.sample) != finding.count:
        return finding
    left = tuple(
        row
        for row in finding.sample
        if (finding.rule, str(row.get("feed_id")), str(row.get("series_key")), str(row.get("time_period")))
        not in released
    )
    return replace(finding, sample=left, count=len(left)) if left else None


def _told(waiting: Sequence[Quarantined]) -> Finding:
    return Finding(
        rule="quarantine",
        severity="warning",
        found=f"{len(waiting)} in quarantine: `datazones quarantine list` shows them",
        expected="Every observation that came is published, or a person has rejected it.",
        count=len(waiting),
        sample=tuple(
            dict(zip((*_PLACE, "found"), (*_place_of(row), row.complaint), strict=True)) for row in waiting[:20]
        ),
    )


def _place_of(row: Quarantined) -> tuple[str, str, str]:
    return row.feed_id, row.series_key, row.time_period
