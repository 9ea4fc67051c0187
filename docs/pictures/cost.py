"""Draws cost.png from cost.json beside it: `python docs/pictures/cost.py` (`uv sync --group bench`).

cost.json holds what `python -m bench.loading` and `python -m bench.asking` said, as docs/speed.md tells.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter

HERE = Path(__file__)
SIDES = {
    "dlt's scd2": "#8a93a3",
    "dlt's merge": "#b0b7c3",
    "bare read_csv": "#e0a030",
    "first load": "#1f5fbf",
    "revision": "#3fa37a",
}
SIZES = {"1": "#9fc0ea", "3": "#6a9bdd", "10": "#1f5fbf", "30": "#123a75"}
"""Millions of observations."""


def main() -> None:
    """Loads by size beside the others; questions and files by size and number of vintages."""
    measured = json.loads(HERE.with_suffix(".json").read_text())
    figure, (loads, questions, files) = plt.subplots(1, 3, figsize=(12.5, 3.8), layout="constrained")
    sizes = [float(size) for size in measured["loads_s"]]
    for side, colour in SIDES.items():
        loads.plot(sizes, [found[side] for found in measured["loads_s"].values()], "o-", label=side, color=colour)
    _dressed(loads, "million observations", "seconds", "What a load costs")
    for size, colour in SIZES.items():
        by_vintages = measured["vintages"][size]
        along = [int(count) for count in by_vintages]
        of_a_day, latest, megabytes = (
            [each[name] for each in by_vintages.values()] for name in ("as of", "latest", "MB")
        )
        questions.plot(along, of_a_day, "o-", color=colour)
        questions.plot(along, latest, ":", color=colour)
        files.plot(along, megabytes, "o-", label=size, color=colour)
    _dressed(questions, "vintages", "milliseconds", "What was known on a day (dotted: now)")
    _dressed(files, "vintages", "megabytes", "What is published, by million observations")
    figure.savefig(HERE.with_suffix(".png"), dpi=130)


def _dressed(axes: Axes, along: str, up: str, title: str) -> None:
    axes.set(xlabel=along, ylabel=up, xscale="log", yscale="log")
    axes.set_title(title, loc="left", fontsize=11)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    for along_it in (axes.xaxis, axes.yaxis):
        along_it.set_major_formatter(ScalarFormatter())
        along_it.set_minor_formatter(NullFormatter())
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", lw=0.3)


if __name__ == "__main__":
    main()
