"""The published figures, read without any code of ours: what a warehouse must hold at a moment."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

FACTS = Path(__file__).parents[2] / "infra" / "simulator" / "facts"

Known = dict[tuple[str, str, str], float]
"""Figure by indicator, area and period."""


def _rows(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def seen(agency_id: str, dataflow_id: str, on: date) -> Known:
    """Every figure of a dataflow that had been released on that day, in its newest vintage by then."""
    released = {
        row["vintage"]: row["released_at"]
        for row in _rows("vintages.csv")
        if (row["agency_id"], row["dataflow_id"]) == (agency_id, dataflow_id) and row["released_at"] <= on.isoformat()
    }
    figures: Known = {}
    rows = [
        row for path in sorted(FACTS.glob("figures_*.csv")) for row in _rows(path.name) if row["vintage"] in released
    ]
    for row in sorted(rows, key=lambda row: released[row["vintage"]]):
        key = (row["indicator"], row["ref_area"], row["time_period"])
        if row["obs_value"]:
            figures[key] = float(row["obs_value"])
        else:
            figures.pop(key, None)
    return figures
