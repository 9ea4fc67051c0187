"""Carry one chunk of a backfill: gather its slices, fill the zone with them, publish once if the gate agrees."""

from __future__ import annotations

from typing import Literal

from prefect import flow

from datazones.backfilling import Part
from datazones.backfilling.ledger import Claim, ClaimLost
from datazones.errors import DatazonesError, ExpectationsFailed, SnapshotConflict, WarehouseBusy
from flows.conclude import conclude
from tasks.assemble import assemble
from tasks.backfills import parts_of
from tasks.equip import Equipment, equipped
from tasks.examine import examine
from tasks.fill import fill
from tasks.gather import Answers, LaidDown, gather
from tasks.give_way import give_way
from tasks.hold import hold, last_held
from tasks.hydrate import hydrate
from tasks.report import report
from tasks.show import show
from tasks.standing import copied, forget
from tasks.submit import pass_on
from tasks.turns import turn

Carried = Literal["done", "failed", "held", "cancelled", "laid down", "another's"]

TIMES = 8
"""How often a chunk is loaded anew because another run of its zone published meanwhile."""


@flow(name="carry", flow_run_name="{zone} · backfill {backfill_id} · chunk {chunk}")
def carry(zone: str, backfill_id: str, chunk: int) -> Carried:
    """Do chunk number `chunk` of the backfill in `zone`, or what an earlier run has left of it."""
    with equipped() as equipment:
        ledger = equipment.ledger(zone)
        claim = ledger.claim(backfill_id, chunk)
        try:
            if claim is None:
                return "another's"
            with claim.alive():
                return _carried(equipment, claim, ledger.part(backfill_id))
        finally:
            parts = parts_of(equipment, backfill_id)
            show(equipment, parts)
            pass_on(equipment, zone, parts)


def _carried(equipment: Equipment, claim: Claim, part: Part) -> Carried:
    """How it ended, which the ledger knows, too."""
    try:
        gathered = gather(equipment, claim, part)
        if part.wanted.approval:
            return _awaiting(equipment, claim, part, gathered)
        return _published(equipment, claim, part, gathered)
    except LaidDown:
        return _laid_down(claim)
    except ClaimLost:
        return "another's"
    except ExpectationsFailed as held:
        zone = equipment.catalogue.zone(part.zone_id)
        claim.end("held", f"{held.code}: {held.found}", last_held(equipment, zone))
        forget(equipment, zone)
        return "held"
    except Exception as error:
        claim.end("failed", f"{error.code}: {error.found}" if isinstance(error, DatazonesError) else repr(error))
        raise


def _published(equipment: Equipment, claim: Claim, part: Part, gathered: Answers) -> Carried:
    """Fill and publish; anew on top of what another run of the zone has published meanwhile."""
    for _ in range(TIMES):
        give_way(equipment, claim, part.zone_id)
        try:
            with turn(equipment, part.zone_id):
                hydrate(part.zone_id)
                zone = equipment.catalogue.zone(part.zone_id)
                loaded = fill(equipment, claim, part, gathered, equipment.working(zone))
                candidate = assemble(part.zone_id)
                snapshot = conclude(candidate)[0] if candidate else None
                if loaded.lost(equipment):
                    continue
        except (SnapshotConflict, WarehouseBusy):
            continue
        claim.loaded(loaded.numbers)
        return _ended(claim, part, snapshot.named if snapshot else "")
    raise SnapshotConflict(
        f"chunk {claim.chunk.number} of {part.backfill_id} in {part.zone_id}",
        found=f"that other runs published {TIMES} times meanwhile",
        expected="a moment to publish in",
        next_step=f"`datazones backfill retry {part.backfill_id}` when the zone is quiet; nothing is asked again",
    )


def _awaiting(equipment: Equipment, claim: Claim, part: Part, gathered: Answers) -> Carried:
    """Fill a copy, and keep what came of it for a person to approve."""
    zone = equipment.catalogue.zone(part.zone_id)
    with turn(equipment, part.zone_id):
        hydrate(part.zone_id)
        beside = copied(equipment, zone)
    loaded = fill(equipment, claim, part, gathered, beside)
    candidate = assemble(part.zone_id, beside=beside)
    if candidate is None:
        claim.loaded(loaded.numbers)
        return _ended(claim, part, "")
    verdict = examine(candidate)
    kept = hold(candidate, verdict, report(candidate, verdict))
    claim.end("held", f"{loaded.changes}; waits for `datazones approve {part.zone_id}`", kept)
    return "held"


def _ended(claim: Claim, part: Part, snapshot: str) -> Carried:
    """Done, unless slices failed or were not asked any more."""
    wrong = [claim.outcomes.get(number) for number, _ in part.of(claim.chunk.number)]
    reasons = [outcome.reason for outcome in wrong if outcome and outcome.state == "failed"]
    left = sum(outcome is None for outcome in wrong)
    if not reasons:
        claim.end("done", snapshot=snapshot)
        return "done"
    rest = f"; {left} were not asked any more" if left else ""
    claim.end("failed", f"{len(reasons)} of {len(wrong)} slices: {reasons[0]}{rest}", snapshot)
    return "failed"


def _laid_down(claim: Claim) -> Carried:
    if claim.ledger.word(claim.backfill_id) == "cancel":
        claim.end("cancelled", "by a person")
        return "cancelled"
    claim.lay_down()
    return "laid down"
