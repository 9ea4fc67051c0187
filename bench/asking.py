"""A warehouse of many vintages: what was known then beside what is known now, and what each further vintage costs.

    python -m bench.asking --observations 1000000 --vintages 100

After the first vintage each further one gives, and changes, another hundredth of the observations, by real loads; those
that are told of in a process of their own. The questions are asked of the published form of the file, by a connection
with the limits of a zone, warm, in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from bench.vintages import CHANGED, MEMORY_MB, THREADS, Figures, apart, load, make, revised, staged, timed
from datazones.warehouse import export
from datazones.warehouse.connecting import Limits

OBSERVATIONS = 10_000_000
VINTAGES = 100
ASKED_AT = (1, 10, 24, 100)
ROUNDS = 5

WHOLE = "SELECT count(*), sum(obs_value) FROM"
MIDDLE = "(SELECT quantile_disc(known_at, 0.5) FROM vintage)"
QUESTIONS = {
    "latest_s": f"{WHOLE} observation",
    "as_of_s": f"{WHOLE} observation_as_of(TIMESTAMP '{{middle}}')",
    "triangle_s": "SELECT count(*) FROM revision_triangle('{key}')",
}


def add(folder: Path, nth: int) -> Figures:
    """One more vintage, which but for the first gives only what it changes."""
    if nth > 1:
        (folder / _name(nth)).mkdir()
        frame = pl.scan_parquet(folder / "first" / "observations-*.parquet").filter(nth % 100 == CHANGED).collect()
        revised(frame, nth).write_parquet(folder / _name(nth) / "observations-0.parquet", compression="lz4")
    return apart("bench.asking", str(nth), folder) if nth in ASKED_AT else _load(folder, nth)


def _load(folder: Path, nth: int) -> Figures:
    vintage = staged(folder, _name(nth), whole=nth == 1)
    return timed(lambda: load(folder, folder / "zone.duckdb", vintage).revised)


def _name(nth: int) -> str:
    return f"vintage-{nth}" if nth > 1 else "first"


def ask(folder: Path) -> Figures:
    """Median seconds of every question, and the size of the file they are put to."""
    published = folder / "published.duckdb"
    export(folder / "zone.duckdb", published, Limits(MEMORY_MB, THREADS, folder / "spill"))
    with duckdb.connect(str(published), read_only=True, config={"threads": THREADS}) as connection:
        middle, key = _one(connection, f"SELECT {MIDDLE}, (SELECT any_value(series_key) FROM series)")
        asked = {name: sql.format(middle=middle, key=key) for name, sql in QUESTIONS.items()}
        seconds: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(ROUNDS + 1):
            for name, sql in asked.items():
                began = time.perf_counter()
                _one(connection, sql)
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(found[1:]) for name, found in seconds.items()} | {
        "published_mb": published.stat().st_size / 2**20
    }


@cache
def measured(observations: int = OBSERVATIONS, vintages: int = VINTAGES) -> dict[int, Figures]:
    """By the number of vintages: the questions, and the last load that led there."""
    found: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, observations)
        for nth in range(1, vintages + 1):
            last = add(folder, nth)
            if nth in ASKED_AT:
                found[nth] = {f"load_{key}": value for key, value in last.items()} | ask(folder)
    return {nth: {key: round(value, 4) for key, value in figures.items()} for nth, figures in found.items()}


def as_of_vs_latest(by_vintages: dict[int, Figures]) -> dict[str, object]:
    """As-of over latest in wall time with the most vintages; at most 3 is asked for."""
    most = by_vintages[max(by_vintages)]
    ratio = round(most["as_of_s"] / most["latest_s"], 2)
    return {"ratio": ratio, "target": "at most 3", "by_vintages": by_vintages}


RATIOS: dict[str, Callable[[], dict[str, object]]] = {"as_of_vs_latest": lambda: as_of_vs_latest(measured())}


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[object, ...]:
    return connection.execute(sql).fetchone() or ()


def main() -> None:
    """Print the measurement as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.asking", description=__doc__)
    parser.add_argument("--observations", type=int, default=OBSERVATIONS)
    parser.add_argument("--vintages", type=int, default=VINTAGES)
    parser.add_argument("--side", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        sys.stdout.write(json.dumps(_load(asked.folder, asked.side)) + "\n")
        return
    sys.stdout.write(json.dumps(as_of_vs_latest(measured(asked.observations, asked.vintages)), indent=2) + "\n")


if __name__ == "__main__":
    main()
