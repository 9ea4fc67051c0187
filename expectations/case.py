"""What goes to the examining process and what comes back: one line of JSON each way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from datazones.catalogue.entries import Feed
from datazones.model import Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """One candidate of one zone, beside the last published file of that zone (None before the first).

    `feeds` are those of the zone, with what the catalogue declares of them; `neighbours` the published files of other
    zones by their ids.

    `today` is the day on which a period counts as over or overdue. `memory_mb` (MiB) and `threads` bound DuckDB,
    which may spill into the folder `spill`; after `seconds` of wall time the examination is given up.
    """

    zone_id: str
    candidate: Path
    published: Path | None
    today: date
    spill: Path
    memory_mb: int
    threads: int
    seconds: float
    feeds: tuple[Feed, ...] = ()
    neighbours: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, or why there is none. `ready_after` (seconds of import) comes once, before the first question."""

    verdict: Verdict | None = None
    broken: str | None = None
    ready_after: float | None = None


CASE = TypeAdapter(Case)
ANSWER = TypeAdapter(Answer)
