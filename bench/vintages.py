"""Staged vintages of a large dataflow, and what runs a measurement of them in a process of its own.

The first vintage is a Eurostat-like table (bench/generate.py), read and conformed as always. Of a second one, that is
as large, one observation in a hundred says another figure, scattered over all series. A third one was known between
the two, and comes late.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from bench.generate import sdmx_csv
from datazones.model import Landed, Revisions, Staged
from datazones.staging import Job, stage
from datazones.warehouse import WorkingCopy
from datazones.warehouse.connecting import Limits

Figures = dict[str, float]
Comparison = Callable[[dict[str, Figures]], dict[str, object]]
"""From the figures of every side to what is found."""

MEMORY_MB, THREADS = 1536, 2
"""What a zone's DuckDB may take if nobody says otherwise."""

CHANGED = pl.struct("series_key", "period_start").hash(seed=1) % 100
"""0 for the observations that the second vintage changes; `vintage` below takes others in turn."""


def make(folder: Path, observations: int) -> None:
    """`table.csv`, and the `first`, the `second` and the `late` vintage as staged Parquet."""
    sdmx_csv(observations, folder / "table.csv")
    read(folder)
    for nth, (name, earlier) in enumerate((("second", 0), ("late", 15))):
        (folder / name).mkdir()
        for path in sorted((folder / "first").glob("observations-*.parquet")):
            frame = revised(pl.read_parquet(path), nth)
            known = frame.with_columns(pl.col("released_at") - pl.duration(days=earlier))
            known.write_parquet(folder / name / path.name, compression="lz4")


def read(folder: Path) -> Figures:
    """The table into the first vintage, by the way Datazones goes."""
    return timed(lambda: stage(Job("bench", "sdmx_csv", (str(folder / "table.csv"),), str(folder / "first"))).rows)


def revised(frame: pl.DataFrame, nth: int) -> pl.DataFrame:
    """The same a month and `nth` days later, with other figures for one observation in a hundred.

    They differ by as much as providers revise figures: by more, the gate holds the vintage back.
    """
    other = pl.col("obs_value") * 1.004 + 0.001 * (1 + nth)
    figure = pl.when(nth % 100 == CHANGED).then(other).otherwise("obs_value")
    return frame.with_columns(figure, pl.col("released_at") + pl.duration(days=30 + nth))


def staged(folder: Path, vintage: str, *, whole: bool = True) -> Staged:
    """A vintage that lies in the folder; what a whole one does not give is withdrawn."""
    files = sorted(str(path) for path in (folder / vintage).glob("observations-*.parquet"))
    series = sorted(str(path) for path in (folder / "first").glob("series-*.parquet"))
    return Staged("bench", tuple(files), tuple(series), 0, 1e-9, absent_is_withdrawn=whole)


def load(folder: Path, path: Path, vintage: Staged) -> Revisions:
    """One load as a run makes it: the working copy is opened, loaded, and closed with its checkpoint."""
    at = datetime(2030, 1, 1, tzinfo=UTC)
    with WorkingCopy.held(path, Limits(MEMORY_MB, THREADS, folder / "spill"), reach=[folder]) as copy:
        return copy.load(vintage, [Landed("0" * 64, 1, "GET bench", "data", at)], slot=at, now=at)


def timed(way: Callable[[], float]) -> Figures:
    """What the way returns as `rows`, its seconds on the wall and on the cores, and the peak memory of this process."""
    duckdb.execute("SELECT ?", [1])  # binds a first parameter, which imports what DuckDB wants to import
    began, on_cores = time.perf_counter(), time.process_time()
    rows = way()
    return {
        "rows": rows,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - on_cores,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    """Of this process alone; what `getrusage` says may be its parent's, from before it became another program."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def apart(module: str, side: str, folder: Path) -> Figures:
    """One side of that module, measured in a process of its own."""
    command = [sys.executable, "-m", module, "--side", side, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        raise SystemExit(f"{module} {side}: {done.stderr[-2000:]}")
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def medians(rounds: Sequence[Figures]) -> Figures:
    """The median of every figure."""
    return {name: round(statistics.median(each[name] for each in rounds), 3) for name in rounds[0]}


@contextmanager
def growing(path: Path) -> Iterator[Figures]:
    """`grown_mb`: by how much the file at the path is larger afterwards."""
    figures: Figures = {}
    before = path.stat().st_size
    yield figures
    figures["grown_mb"] = (path.stat().st_size - before) / 2**20


def command(
    module: str,
    sides: Mapping[str, Callable[[Path], Figures]],
    measured: Callable[[int, int], dict[str, Figures]],
    comparisons: Mapping[str, Comparison],
    *,
    observations: int,
    rounds: int,
) -> None:
    """`python -m MODULE`: print every comparison as JSON; or, asked by `apart`, one side's figures."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--observations", type=int, default=observations)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--side", choices=sides, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        sys.stdout.write(json.dumps(sides[asked.side](asked.folder)) + "\n")
        return
    figures = measured(asked.observations, asked.rounds)
    sys.stdout.write(json.dumps({name: compare(figures) for name, compare in comparisons.items()}, indent=2) + "\n")
