"""The values that walk from step to step. All frozen; those that cross a process border are plain data."""

from __future__ import annotations

from datazones.model.answers import Landed, Request, Window
from datazones.model.loads import Break, Brought, Logged, Revisions, Staged
from datazones.model.readings import Conformed, Correction, Cube, Hints, Quirk
from datazones.model.snapshots import Base, Beside, Candidate, Contribution, HeldFeed, Parent, Part, Pin, Table
from datazones.model.verdicts import Broken, Curve, Finding, Point, Quarantined, Verdict

__all__ = [
    "Base",
    "Beside",
    "Break",
    "Broken",
    "Brought",
    "Candidate",
    "Conformed",
    "Contribution",
    "Correction",
    "Cube",
    "Curve",
    "Finding",
    "HeldFeed",
    "Hints",
    "Landed",
    "Logged",
    "Parent",
    "Part",
    "Pin",
    "Point",
    "Quarantined",
    "Quirk",
    "Request",
    "Revisions",
    "Staged",
    "Table",
    "Verdict",
    "Window",
]
