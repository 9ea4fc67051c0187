"""Backfills: what is to be brought in of the past, as a value; and how far it is, as a ledger in the object store.

Pure are the plan (`planning`), what it costs (`costing`) and how a chunk moves from state to state (`chunks`). `ledger`
keeps both in the store, each zone's part under that zone's own prefix. Who does the work is known elsewhere.
"""

from __future__ import annotations

from datazones.backfilling.chunks import Chunk, Outcome
from datazones.backfilling.ledger import Ledger
from datazones.backfilling.parts import Part
from datazones.backfilling.planning import Known, Plan, Wanted, plan
from datazones.backfilling.telling import Progress, progress

__all__ = ["Chunk", "Known", "Ledger", "Outcome", "Part", "Plan", "Progress", "Wanted", "plan", "progress"]
