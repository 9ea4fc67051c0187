"""How far a backfill is, in Prefect's UI: the same words and rows as `datazones backfill status` has."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import create_progress_artifact, create_table_artifact

from datazones.backfilling import Part
from tasks.backfills import progress_of
from tasks.display import display
from tasks.equip import Equipment


def show(equipment: Equipment, parts: Sequence[Part]) -> None:
    """Two artifacts of this run, the latest of their keys: a bar, and a table with a row a zone."""
    now = progress_of(equipment, parts)
    share = 100.0 * now.done / now.total if now.total else 100.0
    display(create_progress_artifact, share, f"backfill-{now.backfill_id}-progress", str(now))
    display(create_table_artifact, now.rows(), f"backfill-{now.backfill_id}", str(now))
