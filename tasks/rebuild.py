"""Make a zone's warehouse again from the raw answers that were landed, and compare it with the one that is held."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datazones.catalogue import Zone
from datazones.errors import RebuildDiffers
from datazones.model import Logged, Table
from datazones.publishing import current, fetch_manifest
from datazones.warehouse import WorkingCopy
from datazones.warehouse.rebuilding import Compared, compare
from tasks.describe import feed_rows, zone_row
from tasks.equip import Equipment, equipped
from tasks.hydrate import hydrate
from tasks.reading import as_declared, read, window_of


@dataclass(frozen=True)
class Rebuilt:
    """How a rebuild ended: how many loads and raw answers it repeated, and what came of each table."""

    zone_id: str
    loads: int
    answers: int
    tables: tuple[Compared, ...]

    def refuse_differences(self) -> None:
        """RebuildDiffers if any table is not as it is held."""
        others = [table.name for table in self.tables if not table.same]
        if others:
            raise RebuildDiffers(
                f"the zone {self.zone_id}",
                found=f"other rows in {', '.join(others)}",
                expected="the rows that are held, from the same raw answers",
                next_step="if its reading was corrected since, add --reread REASON; else move the working copy away: "
                "the next run takes what is published",
            )


def rebuild(zone_id: str, *, check: bool = False) -> Rebuilt:
    """Repeat every load of the zone from its raw answers, as declared then, beside the working copy.

    If every table comes out the same the result takes the working copy's place, unless this is only a `check`.
    """
    with equipped() as equipment, equipment.spending("rebuild"):
        zone = equipment.catalogue.zone(zone_id)
        hydrate.fn(zone_id)
        with WorkingCopy.held(equipment.working(zone), equipment.limits) as copy:
            log, parent, pending = copy.log(), copy.parent(), copy.pending()
        made = _empty(equipment.rebuilding / zone_id) / "working.duckdb"
        with WorkingCopy.held(made, equipment.limits, reach=[made.parent]) as copy:
            copy.describe(zone_row(zone), feed_rows(equipment.catalogue, zone))
            _repeat(equipment, zone, copy, log)
            if parent:
                copy.adopt(parent)
        published = () if pending else _published(equipment, zone)
        tables = compare(equipment.working(zone), made, published, equipment.limits, replace=not check)
        shutil.rmtree(made.parent)
    return Rebuilt(zone_id, len(log), sum(len(logged.answers) for logged in log), tables)


def _repeat(equipment: Equipment, zone: Zone, copy: WorkingCopy, log: Sequence[Logged]) -> None:
    """Every load again, in the order they were made."""
    for logged in log:
        feed = as_declared(equipment.catalogue.feed(logged.feed_id), logged.declared)
        staged = read(equipment, zone, feed, window_of(logged.declared), logged.answers, copy.path.parent)
        copy.load(staged, logged.answers, slot=logged.slot, now=logged.loaded_at)


def _published(equipment: Equipment, zone: Zone) -> tuple[Table, ...]:
    """The tables of the published snapshot, as its manifest promises them."""
    pointer = current(equipment.store, zone.prefix)
    return fetch_manifest(equipment.store, zone.prefix, pointer.snapshot).tables if pointer else ()


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
