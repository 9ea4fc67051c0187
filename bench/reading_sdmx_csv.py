"""SDMX-CSV to conformed observations, beside plain `polars.read_csv` of the same file.

Each reading runs in a process of its own, in turns, so that both meet the same machine and peak memory is its own.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from bench.generate import sdmx_csv as generate
from datazones.conforming import conform
from datazones.dialects import sdmx_csv
from datazones.model import Hints

OBSERVATIONS = 5_000_000


def ours(path: Path) -> int:
    """Observations that came out conformed; every piece is held to the end."""
    pieces = list(conform(sdmx_csv.read(path.read_bytes(), Hints()), Hints()))
    return sum(piece.observations.height for piece in pieces)


def theirs(path: Path) -> int:
    """Rows of the frame that polars makes of the file."""
    return pl.read_csv(path).height


READINGS: dict[str, Callable[[Path], int]] = {"ours": ours, "theirs": theirs}


def _timed(name: str, path: Path, observations: int) -> tuple[float, float]:
    """Seconds and peak memory (MB) of one reading in a child."""
    told = subprocess.run([sys.executable, "-m", __name__, name, str(path)], capture_output=True, text=True, check=True)
    rows, seconds, peak = told.stdout.split()
    if int(rows) != observations:
        raise ValueError(f"{name} read {rows} of {observations} observations")
    return float(seconds), float(peak)


def measure(observations: int = OBSERVATIONS, rounds: int = 3) -> dict[str, object]:
    """Rows per second of ours over theirs, medians of `rounds`; our peak memory beside the size of the input."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "observations.csv"
        generate(observations, path)
        runs = [{name: _timed(name, path, observations) for name in READINGS} for _ in range(rounds)]
        seconds = {name: statistics.median(run[name][0] for run in runs) for name in READINGS}
        return {
            "ratio": round(seconds["theirs"] / seconds["ours"], 3),
            "ours_s": seconds["ours"],
            "theirs_s": seconds["theirs"],
            "peak_rss_mb": max(run["ours"][1] for run in runs),
            "input_mb": round(path.stat().st_size / 2**20, 1),
        }


RATIOS: dict[str, Callable[[], dict[str, object]]] = {"sdmx_csv_vs_polars": measure}


def _child(name: str, path: str) -> None:
    started = time.perf_counter()
    rows = READINGS[name](Path(path))
    seconds = time.perf_counter() - started
    print(rows, round(seconds, 3), round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10, 1))


if __name__ == "__main__":
    _child(*sys.argv[1:])
