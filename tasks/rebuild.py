"""Make a zone's warehouse again from the raw answers that were landed: to the same digests, or as we read them now."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

from datazones.catalogue import Zone
from datazones.errors import RebuildDiffers
from datazones.model import Logged, Staged, Table
from datazones.periods import period
from datazones.publishing import current, fetch_manifest
from datazones.warehouse import WorkingCopy
from datazones.warehouse.migrating import layout
from datazones.warehouse.rebuilding import Compared, compare, standing_still
from datazones.warehouse.restating import Restatement, carry_over, restate, restated_by_feed, restated_outside
from datazones.warehouse.schema import newest
from tasks.describe import zone_row
from tasks.equip import Equipment, equipped
from tasks.reading import as_declared, as_declared_today, read, window_of
from tasks.standing import stand_on_published

Repeat = Callable[[Logged, Path], Staged]
"""Reads the answers of a load once more, into a folder."""


@dataclass(frozen=True)
class Rebuilt:
    """How a rebuild ended: how many loads and raw answers it repeated, and what came of each table.

    `restated` says by feed how many observations were added, revised and withdrawn by our own correction.
    """

    zone_id: str
    loads: int
    answers: int
    tables: tuple[Compared, ...]
    restated: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def others(self) -> list[str]:
        """The tables that are not as they are held."""
        return [table.name for table in self.tables if not table.same]

    def refuse_differences(self) -> None:
        """RebuildDiffers if any table is not as it is held."""
        if self.others:
            raise RebuildDiffers(
                f"the zone {self.zone_id}",
                found=f"other rows in {', '.join(self.others)}",
                expected="the rows that are held, from the same raw answers",
                next_step="if its reading was corrected since, add --reread REASON; else move the working copy away: "
                "the next run takes what is published",
            )


def rebuild(zone_id: str, *, check: bool = False) -> Rebuilt:
    """Repeat every load of the zone from its raw answers, as declared then, beside the working copy.

    If every table comes out the same the result takes the working copy's place, unless this is only a `check`.
    """
    with equipped() as equipment, equipment.spending("rebuild"):
        zone = equipment.catalogue.collecting(zone_id)
        held = equipment.working(zone)

        def as_then(logged: Logged, into: Path) -> Staged:
            return _as_then(equipment, zone, logged, into)

        with _made_again(equipment, zone, as_then) as (made, done):
            if not check and not done.others:
                made.replace(held)
    return done


def reread(
    zone_id: str,
    reason: str,
    *,
    feeds: Collection[str] = (),
    between: tuple[date, date] | None = None,
    check: bool = False,
) -> Rebuilt:
    """Repeat every load from its raw answers as we read them today; what comes out otherwise is our own revision.

    `between` two days (the last not included), loads that asked for nothing between them are repeated as then.
    RebuildDiffers if it concerns other feeds than these (empty: all) or other days. With `check` nothing is replaced.
    """
    with equipped() as equipment, equipment.spending("rebuild"):
        zone = equipment.catalogue.collecting(zone_id)
        limits, held = equipment.limits, equipment.working(zone)

        def as_today(logged: Logged, into: Path) -> Staged:
            if between and not _touches(logged, between):
                return _as_then(equipment, zone, logged, into)
            first = next((a for a in logged.answers if a.part == "data" and a.size), logged.answers[0])
            body = equipment.landing(zone).path(first).read_bytes()
            feed = as_declared_today(equipment.catalogue.feed(logged.feed_id), logged.declared, body)
            return read(equipment, zone, feed, window_of(logged.declared), logged.answers, into)

        with _made_again(equipment, zone, as_today) as (made, done):
            if set(done.others) <= {"load_log"}:
                return done
            with WorkingCopy.held(made, limits) as copy:
                load_id = copy.last_load() + 1
            ours = Restatement(load_id, equipment.settings.clock(), reason, version("datazones"))
            restate(made, held, ours, limits)
            restated = restated_by_feed(made, load_id, limits)
            _refuse_others(zone_id, restated, feeds)
            if between:
                _refuse_other_days(zone_id, restated_outside(made, load_id, *between, limits))
            if not check:
                made.replace(held)
    return Rebuilt(done.zone_id, done.loads, done.answers, done.tables, restated)


def _as_then(equipment: Equipment, zone: Zone, logged: Logged, into: Path) -> Staged:
    feed = as_declared(equipment.catalogue.feed(logged.feed_id), logged.declared)
    staged = read(equipment, zone, feed, window_of(logged.declared), logged.answers, into)
    return replace(staged, declared=logged.declared)


def _touches(logged: Logged, between: tuple[date, date]) -> bool:
    """Whether a load asked for anything between these days; an open window asks for everything."""
    window = window_of(logged.declared)
    first = period(window.first_period).start if window.first_period else date.min
    last = period(window.last_period).end if window.last_period else date.max
    return first < between[1] and between[0] < last


def _refuse_other_days(zone_id: str, periods: Sequence[str]) -> None:
    if periods:
        raise RebuildDiffers(
            f"the zone {zone_id}",
            found=f"that today's reading changes {', '.join(periods[:5])}, too",
            expected="changes between --from and --to only",
            next_step="look at them with --check; widen --from and --to if they are meant",
        )


def _refuse_others(zone_id: str, restated: Collection[str], feeds: Collection[str]) -> None:
    others = sorted(set(restated) - set(feeds)) if feeds else []
    if others:
        raise RebuildDiffers(
            f"the zone {zone_id}",
            found=f"that today's reading changes {', '.join(others)}, too",
            expected=f"changes in {', '.join(feeds)} only",
            next_step="look at them with --check; name them, too, if they are meant",
        )


@contextmanager
def _made_again(equipment: Equipment, zone: Zone, repeat: Repeat) -> Iterator[tuple[Path, Rebuilt]]:
    """The zone made again, and how it compares, while nobody can write to the working copy."""
    stand_on_published(equipment, zone)
    held, limits = equipment.working(zone), equipment.limits
    with WorkingCopy.held(held, limits) as copy:
        log, parent, pending, aside = copy.log(), copy.parent(), copy.pending(), copy.quarantined()
        described = copy.feeds()
    made = _empty(equipment.rebuilding / zone.zone_id) / "working.duckdb"
    with WorkingCopy.held(made, limits, reach=[made.parent]) as copy:
        copy.describe(zone_row(zone), described)
        for logged in log:
            staged = repeat(logged, made.parent)
            copy.load(staged, logged.answers, slot=logged.slot, now=logged.loaded_at, load_id=logged.load_id)
            copy.repeat_quarantine(aside, logged.load_id)
        if parent:
            copy.adopt(parent)
    with standing_still(held, made, limits):
        carry_over(made, held, limits)
        tables = compare(held, made, () if pending else _published(equipment, zone), limits)
        yield made, Rebuilt(zone.zone_id, len(log), sum(len(logged.answers) for logged in log), tables)
    shutil.rmtree(made.parent)


def _published(equipment: Equipment, zone: Zone) -> tuple[Table, ...]:
    """The tables of the published snapshot, as its manifest promises them; none if its layout is an earlier one, or
    its digests are of an earlier kind."""
    pointer = current(equipment.store, zone.prefix)
    if pointer is None or layout(equipment.published(zone), equipment.limits) != newest():
        return ()
    manifest = fetch_manifest(equipment.store, zone.prefix, pointer.snapshot)
    return manifest.tables if manifest.recipe else ()


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
