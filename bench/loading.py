"""Vintages into a warehouse: ours, with history and log, beside a bare DuckDB table and dlt's merge.

    python -m bench.loading --observations 1000000

`first_load_vs_duckdb`: from the same SDMX-CSV file, ours read, conformed and loaded, theirs `read_csv` into a table.
`revision_vs_first`: loads alone, of a vintage in which one observation in a hundred is another, scattered over all
series; `late_vs_revision`: of another such, known before it, that comes after it. `..._vs_dlt_merge`: loads alone, of
the same staged Parquet; dlt by its arrow path, merging on series and period, which keeps no history. Every side runs in
a process of its own, all sides in turn, and what is compared is the median of the rounds: `ratio` on the wall,
`cpu_ratio` in seconds of all cores, which a busy machine disturbs less.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl

from bench.vintages import Comparison, Figures, apart, command, growing, load, make, medians, read, staged, timed

OBSERVATIONS = 10_000_000
ROUNDS = 3
KEY = ("series_key", "period_start", "period_end")


def bare(folder: Path) -> Figures:
    """DuckDB's own reader into one table."""
    path = folder / "bare.duckdb"
    path.unlink(missing_ok=True)

    def insert() -> float:
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE TABLE figures AS FROM read_csv('{folder / 'table.csv'}')")
            return _count(connection, "figures")

    return timed(insert)


def first(folder: Path) -> Figures:
    """The first vintage into an empty zone."""
    path = folder / "first.duckdb"
    path.unlink(missing_ok=True)
    return timed(lambda: load(folder, path, staged(folder, "first")).added) | {"file_mb": path.stat().st_size / 2**20}


def revision(folder: Path) -> Figures:
    """The second vintage on top; by how much the file grew, and what the changed rows take in the provider's file."""
    path = folder / "revision.duckdb"
    shutil.copy(folder / "first.duckdb", path)
    with growing(path) as grown:
        found = timed(lambda: load(folder, path, staged(folder, "second")).revised)
    share = found["rows"] / first_rows(folder)
    return found | grown | {"changed_mb": share * (folder / "table.csv").stat().st_size / 2**20}


def late(folder: Path) -> Figures:
    """A vintage from between the two, on top of both."""
    path = folder / "late.duckdb"
    shutil.copy(folder / "revision.duckdb", path)
    return timed(lambda: load(folder, path, staged(folder, "late")).revised)


def first_rows(folder: Path) -> int:
    """Observations of the first vintage."""
    with duckdb.connect() as connection:
        return _count(connection, f"read_parquet('{folder}/first/observations-*.parquet')")


def merged(folder: Path, vintage: str, strategy: Literal["delete-insert", "scd2"]) -> Figures:
    """One vintage into dlt's table; the second needs the first before it."""
    import dlt
    import pyarrow.parquet as pq

    home, files = folder / f"dlt-{strategy}", staged(folder, vintage).observations
    if vintage == "first":
        shutil.rmtree(home, ignore_errors=True)
    kept = strategy == "scd2"
    written = {"disposition": "merge", "strategy": strategy} | ({"row_version_column_name": "said"} if kept else {})

    def tables() -> Iterator[object]:
        for file in files:
            table = pq.read_table(file).drop_columns(["action", "released_at"])
            yield table.append_column("said", _said(table)) if kept else table

    pipeline = dlt.pipeline(
        "figures",
        pipelines_dir=str(home),
        destination=dlt.destinations.duckdb(str(home / "theirs.duckdb")),
        dataset_name="bench",
    )

    def run() -> float:
        figures = dlt.resource(tables, name="figures")
        pipeline.run(figures, write_disposition=written, primary_key=None if kept else KEY)
        with duckdb.connect(str(home / "theirs.duckdb")) as connection:
            return _count(connection, "bench.figures" + (" WHERE _dlt_valid_to IS NULL" if kept else ""))

    home.mkdir(exist_ok=True)
    found = timed(run)
    if found["rows"] != first_rows(folder):
        raise SystemExit(f"dlt, {strategy}, {vintage}: {found['rows']} rows are known")
    return found


def _said(table: Any) -> Any:  # noqa: ANN401 - Arrow is not typed
    """A hash of all that each row says, as a column of Arrow."""
    hashed = pl.DataFrame(table).select(pl.struct(pl.all()).hash() // 2)
    return hashed.to_series().cast(pl.Int64).to_arrow()


SIDES: dict[str, Callable[[Path], Figures]] = {
    "read": read,
    "bare": bare,
    "first": first,
    "revision": revision,
    "late": late,
    "dlt_first": lambda folder: merged(folder, "first", "delete-insert"),
    "dlt_revision": lambda folder: merged(folder, "second", "delete-insert"),
    "scd2_first": lambda folder: merged(folder, "first", "scd2"),
    "scd2_revision": lambda folder: merged(folder, "second", "scd2"),
}


@cache
def measured(observations: int = OBSERVATIONS, rounds: int = ROUNDS) -> dict[str, Figures]:
    """The medians of every side."""
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), observations)
        found: dict[str, list[Figures]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side, figures in found.items():
                figures.append(apart("bench.loading", side, Path(name)))
    return {side: medians(figures) for side, figures in found.items()}


def first_load_vs_duckdb(sides: dict[str, Figures]) -> dict[str, object]:
    """Ours / theirs in rows a second; at least 0.6 is asked for."""
    ours, on_cores = (sides["read"][name] + sides["first"][name] for name in ("seconds", "cpu_seconds"))
    return {
        "ratio": round(sides["bare"]["seconds"] / ours, 3),
        "target": "at least 0.6",
        "cpu_ratio": round(sides["bare"]["cpu_seconds"] / on_cores, 3),
        "ours_rows_s": round(sides["first"]["rows"] / ours),
        "theirs_rows_s": round(sides["bare"]["rows"] / sides["bare"]["seconds"]),
        "read": sides["read"],
        "load": sides["first"],
        "theirs": sides["bare"],
    }


def revision_vs_first(sides: dict[str, Figures]) -> dict[str, object]:
    """Wall time of a revision load over that of the first; at most 0.5 is asked for."""
    return _compared(sides, "revision", "first", "at most 0.5") | {
        "growth_vs_changed": round(sides["revision"]["grown_mb"] / sides["revision"]["changed_mb"], 3),
    }


def _compared(sides: dict[str, Figures], one: str, other: str, target: str) -> dict[str, object]:
    ratio = round(sides[one]["seconds"] / sides[other]["seconds"], 3)
    on_cores = round(sides[one]["cpu_seconds"] / sides[other]["cpu_seconds"], 3)
    return {"ratio": ratio, "target": target, "cpu_ratio": on_cores, one: sides[one], other: sides[other]}


COMPARISONS: dict[str, Comparison] = {
    "first_load_vs_duckdb": first_load_vs_duckdb,
    "revision_vs_first": revision_vs_first,
    "late_vs_revision": lambda sides: _compared(sides, "late", "revision", "none"),
    "first_load_vs_dlt_merge": lambda sides: _compared(sides, "dlt_first", "first", "at least 1.5"),
    "revision_vs_dlt_merge": lambda sides: _compared(sides, "dlt_revision", "revision", "at least 2.5"),
    "first_load_vs_dlt_scd2": lambda sides: _compared(sides, "scd2_first", "first", "none"),
    "revision_vs_dlt_scd2": lambda sides: _compared(sides, "scd2_revision", "revision", "none"),
}

RATIOS: dict[str, Callable[[], dict[str, object]]] = {
    name: lambda compare=compare: compare(measured()) for name, compare in COMPARISONS.items()
}


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    command("bench.loading", SIDES, measured, COMPARISONS, observations=OBSERVATIONS, rounds=ROUNDS)
