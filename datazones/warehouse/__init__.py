"""The only place that knows DuckDB: working copies, loads, candidates and queries.

A working copy belongs to one writer at a time; what is published is a compact copy of it. The tables are in `sql/`.
"""

from __future__ import annotations

from datazones.warehouse.around import around
from datazones.warehouse.comparing import brought, changed, compare, movers
from datazones.warehouse.exporting import STORAGE_VERSION, Exported, content, export
from datazones.warehouse.quarantining import standing
from datazones.warehouse.querying import query
from datazones.warehouse.working import WorkingCopy

__all__ = [
    "STORAGE_VERSION",
    "Exported",
    "WorkingCopy",
    "around",
    "brought",
    "changed",
    "compare",
    "content",
    "export",
    "movers",
    "query",
    "standing",
]
