"""Look after open backfills, whoever began them: what died is begun again, what a person has approved is done."""

from __future__ import annotations

from prefect import flow

from tasks.backfills import parts_of, settle, unfinished
from tasks.equip import equipped
from tasks.submit import submit


@flow(name="tend")
def tend() -> int:
    """How many flow runs were begun."""
    with equipped() as equipment:
        begun = 0
        for backfill_id in unfinished(equipment):
            parts = parts_of(equipment, backfill_id)
            settle(equipment, parts)
            begun += submit(equipment, parts) or 0
    return begun
