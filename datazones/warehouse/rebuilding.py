"""A zone made again beside its working copy: table by table the same, or it does not take its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datazones.errors import WarehouseBusy
from datazones.model import Table
from datazones.warehouse import schema
from datazones.warehouse.connecting import Limits
from datazones.warehouse.exporting import content
from datazones.warehouse.working import locked


@dataclass(frozen=True, slots=True)
class Compared:
    """One table's digests: as it is held, as it was made again, and as it is published if nothing was loaded since."""

    name: str
    rows: int
    held: str
    rebuilt: str
    published: str | None

    @property
    def same(self) -> bool:
        return self.rebuilt == (self.published or self.held)


def compare(
    working: Path, rebuilt: Path, published: Sequence[Table], limits: Limits, *, replace: bool
) -> tuple[Compared, ...]:
    """Every table of both files; if all are the same and `replace`, the rebuilt file becomes the working copy.

    `published` are the tables of the snapshot that the working copy says the same as; empty if it says more.
    WarehouseBusy when another run has loaded into the working copy since.
    """
    promised = {table.name: table.digest for table in published if table.name not in schema.DESCRIBED}
    with locked(working.with_suffix(".lock")):
        compared = tuple(
            Compared(made.name, made.rows, held.digest, made.digest, promised.get(made.name))
            for held, made in zip(content(working, limits), content(rebuilt, limits), strict=True)
        )
        _refuse_overtaken(working, compared)
        if replace and all(table.same for table in compared):
            rebuilt.replace(working)
    return compared


def _refuse_overtaken(working: Path, compared: Sequence[Compared]) -> None:
    (log,) = (table for table in compared if table.name == "load_log")
    if not log.same:
        raise WarehouseBusy(
            str(working),
            found="other loads than those that were made again",
            expected="no load while a zone is made again",
            next_step="rebuild again; nothing was replaced",
        )
