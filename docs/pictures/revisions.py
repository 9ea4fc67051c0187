"""Draws revisions.png: `python docs/pictures/revisions.py .datazones/published/beijing.duckdb`.

Needs a published snapshot and the bench group (`uv sync --group bench`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

KEY = "A.A020101.110000"
VINTAGES = "SELECT DISTINCT known_from FROM history JOIN series USING (series_id) WHERE series_key = ? ORDER BY 1"
KNOWN = """
SELECT period_start.year(), obs_value / 1e4 FROM observation_as_of(?)
WHERE series_key = ? AND obs_value IS NOT NULL AND time_period >= '2006' ORDER BY 1
"""


def main(warehouse: str) -> None:
    """One line per vintage, and how far the newest moved each year."""
    with duckdb.connect(warehouse, read_only=True) as connection:
        vintages = [row[0] for row in connection.execute(VINTAGES, [KEY]).fetchall()]
        known = {vintage: dict(connection.execute(KNOWN, [vintage, KEY]).fetchall()) for vintage in vintages}
    figure, (levels, changes) = plt.subplots(
        2, 1, figsize=(8, 5.2), height_ratios=(3, 1.3), sharex=True, layout="constrained"
    )
    for vintage, colour in zip(vintages, ("#b0b7c3", "#1f5fbf"), strict=True):
        levels.plot(
            known[vintage].keys(),
            known[vintage].values(),
            "o-",
            ms=3.5,
            color=colour,
            label=f"known on {vintage:%Y-%m-%d}",
        )
    first, last = known[vintages[0]], known[vintages[-1]]
    both = sorted(set(first) & set(last))
    changes.bar(both, [100 * (last[year] / first[year] - 1) for year in both], color="#1f5fbf", width=0.6)
    levels.set_ylabel("trillion yuan, current prices")
    levels.set_title("Beijing's GDP, as it was known on two days", loc="left", fontsize=11)
    levels.legend(frameon=False)
    changes.set_ylabel("revised by %")
    changes.axhline(0, color="#444", lw=0.6)
    for axis in (levels, changes):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", lw=0.3)
    changes.xaxis.set_major_locator(MaxNLocator(integer=True))
    changes.set_xlabel("Figures: National Bureau of Statistics of China", loc="right", fontsize=8, color="#666")
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=130)


if __name__ == "__main__":
    main(sys.argv[1])
