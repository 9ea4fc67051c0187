"""Draws cost.png from cost.json beside it: `python docs/pictures/cost.py` (`uv sync --group bench`).

cost.json holds what `python -m bench.loading` and `python -m bench.asking` said, as docs/speed.md tells.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

HERE = Path(__file__)
SIDES = {"dlt's merge": "#b0b7c3", "bare read_csv": "#e0a030", "first load": "#1f5fbf", "revision": "#3fa37a"}


def main() -> None:
    """Loads by size beside the others, and questions by the number of vintages."""
    measured = json.loads(HERE.with_suffix(".json").read_text())
    figure, (loads, questions) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    sizes = [int(size) / 1e6 for size in measured["loads_cpu_s"]]
    for side, colour in SIDES.items():
        loads.plot(sizes, [found[side] for found in measured["loads_cpu_s"].values()], "o-", label=side, color=colour)
    _dressed(loads, "million observations", "seconds of processor", "What a load costs")
    vintages = [int(count) for count in measured["questions_ms"]]
    for question, colour in {"as of a day": "#1f5fbf", "latest": "#b0b7c3", "triangle of a series": "#3fa37a"}.items():
        found = [each[question] for each in measured["questions_ms"].values()]
        questions.plot(vintages, found, "o-", label=question, color=colour)
    _dressed(questions, "vintages of ten million observations", "milliseconds", "What a question costs")
    figure.savefig(HERE.with_suffix(".png"), dpi=130)


def _dressed(axes: Axes, along: str, up: str, title: str) -> None:
    axes.set(xlabel=along, ylabel=up, xscale="log", ylim=(0, None))
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", lw=0.3)


if __name__ == "__main__":
    main()
