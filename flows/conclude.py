"""How every change of a zone ends: examined, reported, and published or held back."""

from __future__ import annotations

from datazones.model import Candidate, Verdict
from datazones.publishing import Snapshot
from tasks.assemble import assemble
from tasks.examine import examine
from tasks.heed import heed
from tasks.hold import held_back, hold
from tasks.publish import publish
from tasks.quarantine import set_aside
from tasks.report import report
from tasks.seal import embargoed, seal, wait


def conclude(candidate: Candidate) -> tuple[Snapshot, Verdict]:
    """The snapshot and the verdict on it; ExpectationsFailed when the candidate is held back.

    Observations that are wrong each by itself go into quarantine, and what is left is examined as a whole once more.
    What is under embargo is sealed, and published at the minute at which it ends.
    """
    verdict = examine(candidate)
    if not verdict.passed and set_aside(candidate, verdict):
        candidate = assemble(candidate.zone_id, anyway=True) or candidate
        verdict = examine(candidate)
    heed()
    beside = report(candidate, verdict)
    if not verdict.passed:
        hold(candidate, verdict, beside)
        raise held_back(candidate, verdict, beside)
    until = seal(candidate, beside) if embargoed(candidate) else None
    if until:
        wait(until)
    return publish(candidate, verdict, beside), verdict
