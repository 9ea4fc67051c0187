"""What goes into a warehouse, and what it changed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from datazones.model.answers import Landed


class Break(NamedTuple):
    """From `since` on the series whose keys are like `series` (`*`, `?`) are told otherwise; None: as before."""

    series: str
    since: date
    unit_measure: str | None
    unit_mult: int | None
    base_per: str | None


@dataclass(frozen=True, slots=True)
class Staged:
    """One reading of a feed, conformed and written aside as Parquet, and what the feed declares about it.

    `window_start` and `window_end` bound the periods that were asked for; None is open. `declared` is all that the feed
    declared about the reading, as JSON has it: it goes to the load log, so that the reading can be repeated. `renames`
    are the keys that series had before, each with the key that they have now.
    """

    feed_id: str
    observations: tuple[str, ...]
    series: tuple[str, ...]
    rows: int
    tolerance: float
    absent_is_withdrawn: bool
    window_start: date | None = None
    window_end: date | None = None
    declared: Mapping[str, object] = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logged:
    """One load as the load log has it: which raw answers it read, and what the feed `declared` then."""

    load_id: int
    feed_id: str
    slot: datetime
    loaded_at: datetime
    answers: tuple[Landed, ...]
    declared: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Brought:
    """What one feed has brought since a load: how many vintages, the number of its latest, and what they changed.

    `vintage_id` is None for a feed that has none yet.
    """

    feed_id: str
    vintages: int
    vintage_id: int | None
    known_at: datetime | None
    added: int
    revised: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Revisions:
    """How many observations a vintage added, revised and withdrew, and how many differed by noise only.

    `restated` are those that no vintage changed but our own correction of a reading.
    """

    added: int = 0
    revised: int = 0
    withdrawn: int = 0
    ignored: int = 0
    restated: int = 0

    def __add__(self, other: Revisions) -> Revisions:
        return Revisions(*(mine + theirs for mine, theirs in zip(self.plain(), other.plain(), strict=True)))

    def __str__(self) -> str:
        names = ("added", "revised", "withdrawn", "noise", "restated by us")
        said = [f"{count:,} {name}" for name, count in zip(names, self.plain(), strict=True) if count]
        return ", ".join(said) or "nothing changed"

    def __bool__(self) -> bool:
        """Whether anything that is known has changed."""
        return bool(self.added or self.revised or self.withdrawn or self.restated)

    def plain(self) -> tuple[int, int, int, int, int]:
        return self.added, self.revised, self.withdrawn, self.ignored, self.restated
