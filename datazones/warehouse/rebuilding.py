"""A zone made again beside its working copy: table by table the same, or it does not take its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datazones.errors import WarehouseBusy
from datazones.model import Table
from datazones.warehouse import schema
from datazones.warehouse.connecting import Limits
from datazones.warehouse.exporting import content
from datazones.warehouse.querying import query
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


@contextmanager
def standing_still(working: Path, rebuilt: Path, limits: Limits) -> Iterator[None]:
    """Within this nobody writes to the working copy; WarehouseBusy if somebody has since `rebuilt` was begun."""
    with locked(working.with_suffix(".lock")):
        if _loads(working, limits) != _loads(rebuilt, limits):
            raise WarehouseBusy(
                str(working),
                found="other loads than those that were made again",
                expected="no load while a zone is made again",
                next_step="rebuild again; nothing was replaced",
            )
        yield


def compare(working: Path, rebuilt: Path, published: Sequence[Table], limits: Limits) -> tuple[Compared, ...]:
    """Every table of both files. `published` are the tables of the snapshot that the working copy says the same as;
    empty if it says more."""
    promised = {table.name: table.digest for table in published if table.name not in schema.DESCRIBED}
    return tuple(
        Compared(made.name, made.rows, held.digest, made.digest, promised.get(made.name))
        for held, made in zip(content(working, limits), content(rebuilt, limits), strict=True)
    )


def _loads(path: Path, limits: Limits) -> list[tuple[object, ...]]:
    """Every load, but for what was declared of it: that is what a restatement changes."""
    return query(path, "SELECT * EXCLUDE (declared) FROM load_log ORDER BY load_id", limits).rows()
