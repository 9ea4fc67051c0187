"""What a backfill would change, found out on a copy of each zone that is thrown away. What has landed stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from datazones.backfilling import Chunk, Outcome, Part, Plan
from datazones.backfilling.ledger import Word
from datazones.backfilling.parts import parts
from datazones.warehouse import compare, movers
from tasks.equip import Equipment
from tasks.fill import fill
from tasks.gather import gather
from tasks.standing import copied, stand_on_published
from tasks.turns import turn


@dataclass
class Rehearsal:
    """A chunk that nobody has claimed: what its slices come to is written down nowhere."""

    chunk: Chunk
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def word(self) -> Word:
        return "run"

    def note(self, number: int, outcome: Outcome) -> None:
        self.outcomes[number] = outcome

    def note_all(self, outcomes: Mapping[int, Outcome]) -> None:
        self.outcomes.update(outcomes)


@dataclass(frozen=True)
class Effect:
    """Of one zone: `feeds` as `warehouse.compare` has them, `movers` as `warehouse.movers` has them, and why slices
    failed."""

    zone_id: str
    feeds: pl.DataFrame
    movers: pl.DataFrame
    failed: tuple[str, ...]


def preview(equipment: Equipment, plan: Plan) -> list[Effect]:
    """Ask what has not landed, load all of it into copies, and compare them with what the zones hold."""
    return [_of_zone(equipment, part) for part in parts(plan) if part.windows]


def _of_zone(equipment: Equipment, part: Part) -> Effect:
    zone = equipment.catalogue.zone(part.zone_id)
    rehearsals = [Rehearsal(Chunk(number)) for number in part.chunks]
    gathered = [gather(equipment, rehearsal, part) for rehearsal in rehearsals]
    with turn(equipment, part.zone_id):
        stand_on_published(equipment, zone)
        beside = copied(equipment, zone)
        for rehearsal, answers in zip(rehearsals, gathered, strict=True):
            fill(equipment, rehearsal, part, answers, beside)
        feeds = compare(equipment.working(zone), beside, equipment.limits)
        found = movers(equipment.working(zone), beside, equipment.limits)
    beside.unlink()
    outcomes = [outcome for rehearsal in rehearsals for outcome in rehearsal.outcomes.values()]
    return Effect(part.zone_id, feeds, found, tuple(each.reason for each in outcomes if each.state == "failed"))
