"""A zone's part of a plan, as it is stored under that zone's own prefix: created once, never changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from datazones.backfilling.planning import WINDOW, Plan, Wanted
from datazones.model import Window

LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Part:
    """What one zone has to do: its windows, in the order in which they are done, in chunks of `chunk_size`.

    `held` are those of the range that were left alone; `calls` what the whole plan was thought to cost, `seconds` how
    long to take and `because` why.
    """

    backfill_id: str
    zone_id: str
    wanted: Wanted
    planned_at: datetime
    chunk_size: int
    held: int
    calls: int
    seconds: float
    because: str
    windows: tuple[tuple[str, str], ...]

    @property
    def chunks(self) -> range:
        return range(-(-len(self.windows) // self.chunk_size))

    def of(self, chunk: int) -> Iterator[tuple[int, Window]]:
        """The slices of a chunk: their numbers and windows."""
        begin = chunk * self.chunk_size
        for number, window in enumerate(self.windows[begin : begin + self.chunk_size], start=begin):
            yield number, Window(*window)

    def plain(self) -> bytes:
        said = {**asdict(self), "planned_at": self.planned_at.isoformat(), "layout": LAYOUT}
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def read(cls, body: bytes) -> Part:
        plain: Mapping[str, Any] = orjson.loads(body)
        wanted = Wanted(**{**plain["wanted"], "zones": tuple(plain["wanted"]["zones"])})
        return cls(
            **{
                **{name: plain[name] for name in cls.__dataclass_fields__},
                "wanted": wanted,
                "planned_at": datetime.fromisoformat(plain["planned_at"]),
                "windows": tuple(map(tuple, plain["windows"])),
            }
        )


def parts(plan: Plan) -> Iterator[Part]:
    """The plan zone by zone."""
    todo = plan.todo.partition_by("zone_id", as_dict=True)
    counted = dict(plan.slices.group_by("zone_id").len().rows())
    for zone_id in plan.wanted.zones:
        own = todo.get((zone_id,), pl.DataFrame(schema=plan.slices.schema)).sort("number")
        yield Part(
            backfill_id=plan.backfill_id,
            zone_id=zone_id,
            wanted=plan.wanted,
            planned_at=plan.planned_at,
            chunk_size=plan.chunk_size,
            held=counted[zone_id] - own.height,
            calls=plan.cost.calls,
            seconds=plan.cost.seconds,
            because=plan.cost.because,
            windows=tuple(own.select(WINDOW).rows()),
        )
