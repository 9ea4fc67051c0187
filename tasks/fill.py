"""Put what a chunk has gathered into a copy of the zone: adjacent slices as one load, as if they had been asked as one.

Slices whose answers were released at different moments are loaded one by one: a vintage says of its whole window what
is there and what is not. A slice that cannot be read fails by itself; the others go on without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from datazones.backfilling import Part
from datazones.backfilling.ledger import Notes
from datazones.errors import DatazonesError
from datazones.model import Landed, Logged, Revisions, Staged, Window
from datazones.periods import period
from datazones.warehouse import WorkingCopy
from tasks.equip import Equipment
from tasks.gather import Answers
from tasks.reading import read


@dataclass(frozen=True)
class Slice:
    """One window of the zone and the answers to it."""

    number: int
    window: Window
    answers: tuple[Landed, ...]

    @property
    def days(self) -> tuple[date, date]:
        first, last = self.window.first_period, self.window.last_period
        assert first
        assert last
        return period(first).start, period(last).end


Group = Sequence[Slice]
"""Slices of which each begins where the one before ends, the oldest first."""


@dataclass(frozen=True)
class Filled:
    """What the loads into `copy` changed, which slices are in them, and under which ids."""

    copy: Path
    changes: Revisions
    numbers: list[int]
    loads: list[Logged]

    def lost(self, equipment: Equipment) -> bool:
        """Whether another run of the zone has taken the place of the copy before it was published.

        What changed nothing need not be in what is published: it is known there already.
        """
        with WorkingCopy.held(self.copy, equipment.limits) as copy:
            parent, log = copy.parent(), copy.log()
        published = parent.load_id if parent else 0
        gone = any(each not in log for each in self.loads)
        return gone or (bool(self.changes) and self.loads[-1].load_id > published)


def fill(equipment: Equipment, claim: Notes, part: Part, gathered: Answers, into: Path) -> Filled:
    """Load what was gathered into the copy at `into`; what cannot be read, or is nothing, is noted in the claim."""
    slices = [Slice(number, window, tuple(answers)) for number, (window, answers) in gathered.items()]
    empty = [each for each in slices if not any(answer.size for answer in each.answers if answer.part == "data")]
    filling = _Filling(equipment, part, into)
    with equipment.spending("fill"):
        for group in adjacent(each for each in slices if each not in empty):
            filling.load(group)
    noted = {each.number: replace(claim.outcomes[each.number], state="nothing") for each in empty}
    for number, reason in filling.failed.items():
        noted[number] = replace(claim.outcomes[number], state="failed", reason=reason)
    claim.note_all(noted)
    loaded = [each.number for each in slices if each.number not in noted]
    return Filled(into, filling.changes, loaded, filling.loads)


def adjacent(slices: Iterable[Slice]) -> list[list[Slice]]:
    """In runs without a gap."""
    groups: list[list[Slice]] = []
    for each in sorted(slices, key=lambda each: each.days):
        if groups and groups[-1][-1].days[1] == each.days[0]:
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


class _Filling:
    """The loads of one chunk into one copy."""

    def __init__(self, equipment: Equipment, part: Part, into: Path) -> None:
        self._equipment, self._part, self._into = equipment, part, into
        self._zone = equipment.catalogue.zone(part.zone_id)
        self._feed = equipment.catalogue.feed(part.wanted.feed_id)
        self.changes = Revisions()
        self.loads: list[Logged] = []
        self.failed: dict[int, str] = {}

    def load(self, group: Group) -> None:
        """As one if it can be; else without the slices that cannot be read, or one by one."""
        try:
            staged = self._read(group)
            if len(group) == 1 or (_one_release(staged) and _one_companion(group)):
                self._put(staged, group)
                return
        except DatazonesError as error:
            if len(group) == 1:
                self.failed[group[0].number] = f"{error.code}: {error.found}"
                return
            readable = [each for each in group if self._is_readable(each)]
            if len(readable) == len(group):
                raise  # it is not a slice that is wrong
            for rest in adjacent(readable):
                self.load(rest)
            return
        for each in group:
            self.load([each])

    def _is_readable(self, each: Slice) -> bool:
        try:
            self._read([each])
        except DatazonesError as error:
            self.failed[each.number] = f"{error.code}: {error.found}"
            return False
        return True

    def _read(self, group: Group) -> Staged:
        equipment, window = self._equipment, Window(group[0].window.first_period, group[-1].window.last_period)
        return read(equipment, self._zone, self._feed, window, _answers(group), into=equipment.staged / "backfills")

    def _put(self, staged: Staged, group: Group) -> None:
        if not staged.rows:
            return
        equipment, slot = self._equipment, self._part.planned_at
        answers = _answers(group)
        with WorkingCopy.held(self._into, equipment.limits, reach=[equipment.staged]) as copy:
            there = self._left_behind(copy.log(), staged, answers)
            if there is None:
                self.changes += copy.load(staged, answers, slot=slot, now=equipment.settings.clock())
            self.loads.append(there or copy.log()[-1])

    def _left_behind(self, log: Sequence[Logged], staged: Staged, answers: Sequence[Landed]) -> Logged | None:
        """This very load, if a run made it that was killed before it published."""
        wanted = (staged.feed_id, self._part.planned_at, staged.declared, _said(answers))
        loaded = ((each, (each.feed_id, each.slot, each.declared, _said(each.answers))) for each in log)
        return next((each for each, said in loaded if said == wanted), None)


def _answers(group: Group) -> list[Landed]:
    """Each answer once, however many slices asked for it: that for metadata is the same for all."""
    return list({answer.request_key: answer for each in group for answer in each.answers}.values())


def _said(answers: Iterable[Landed]) -> list[tuple[str, str]]:
    """What was asked and what came, whenever that was."""
    return [(answer.request_key, answer.digest) for answer in answers]


def _one_companion(group: Group) -> bool:
    """Whether all slices have the same companions."""
    parts = [answer.part for answer in _answers(group) if answer.part != "data"]
    return len(parts) == len(set(parts))


def _one_release(staged: Staged) -> bool:
    """Whether all of it was released at one moment, or nothing says when."""
    if not staged.rows:
        return True
    frame = pl.scan_parquet(list(staged.observations)).select(pl.col("released_at").n_unique())
    return bool(frame.collect().item() == 1)
