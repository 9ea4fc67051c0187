"""The gate's whole suite over one zone: ours, as SQL in DuckDB, beside Great Expectations on pandas and beside a load.

    python -m bench.examining --rounds 3

The candidate has monthly series of which one observation in a hundred is revised and each has a new month, beside
the published file that it follows. Ours runs every rule there is, history included, as the gate does. Theirs carries
the observations into pandas and runs the twenty expectations that can be said of a data frame alone. Both in a
process of their own; the import, which both pay once, is left out of both and said beside them.

The first load is what it takes to have the same number of observations in a zone for the first time: from the
provider's file, read, conformed and loaded (bench/loading.py). `load_alone` compares with the last of these three
steps, from conformed Parquet, which is the least that can be called so. `ten_small_zones` are examined one after the
other by one process, as a run does.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import ModuleType

import duckdb

from bench.loading import first
from bench.vintages import Comparison, Figures, apart, command, load, make, medians, read, staged, timed
from datazones.warehouse import export
from datazones.warehouse.connecting import Limits

OBSERVATIONS = 10_000_000
ROUNDS = 1
SMALL, ZONES = 4_000, 10
"""Observations of a small zone, and how many of them."""
TODAY = date(2030, 1, 2)
ASKED = ("series_id", "feed_id", "series_key", "vintage_id", "known_from", "time_period", "period_start", "period_end")
ASKED += ("obs_value", "obs_status", "freq", "unit_measure")
"""The columns that the suite on pandas asks of."""
LIMITS = Limits(memory_mb=768, threads=2, spill=Path(tempfile.gettempdir()))


def prepare(folder: Path, observations: int) -> None:
    """`published.duckdb`, which is the first vintage, and `candidate.duckdb`, which has the second one on top."""
    make(folder, observations)
    working = folder / "working.duckdb"
    for vintage, name in (("first", "published"), ("second", "candidate")):
        load(folder, working, staged(folder, vintage))
        export(working, folder / f"{name}.duckdb", LIMITS)
    working.unlink()


def ours(folder: Path) -> Figures:
    """One examination by a process that is ready; the import is apart."""
    return _examined([(folder, True)])


def first_time(folder: Path) -> Figures:
    """The same before anything is published: the first vintage alone."""
    return _examined([(folder, False)])


def ten_small_zones(folder: Path) -> Figures:
    """Ten examinations one after the other by one process."""
    return _examined([(folder / "small", True)] * ZONES)


def _examined(candidates: list[tuple[Path, bool]]) -> Figures:
    """Seconds of all, the import left out: what a process takes that only gets ready is taken off."""
    from expectations.examiner import Examiner

    with Examiner() as examiner:
        examiner.ready()
    imported = _cpu_of_children()
    with Examiner() as examiner:
        examiner.ready()
        began = time.perf_counter()
        verdicts = [
            examiner.examine(
                folder / ("candidate.duckdb" if beside else "published.duckdb"),
                published=folder / "published.duckdb" if beside else None,
                today=TODAY,
                zone_id="bench",
            )
            for folder, beside in candidates
        ]
        seconds = time.perf_counter() - began
        import_seconds = examiner.import_seconds or 0.0
    held = [finding for verdict in verdicts if not verdict.passed for finding in verdict.findings]
    if held:
        raise SystemExit(f"the good candidate is held back: {held}")
    return {
        "seconds": seconds,
        "cpu_seconds": _cpu_of_children() - 2 * imported,
        "checks": verdicts[0].checks,
        "import_seconds": import_seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def theirs(folder: Path) -> Figures:
    """Carrying the observations into pandas, with the columns that the suite asks of, and validating them there."""
    import great_expectations as gx

    return timed(lambda: _validated(gx, folder / "candidate.duckdb"))


def _validated(gx: ModuleType, candidate: Path) -> float:
    """How many expectations there were."""
    with duckdb.connect(str(candidate), read_only=True) as connection:
        frame = connection.sql(f"SELECT {', '.join(ASKED)} FROM latest AS o JOIN series AS s USING (series_id)").df()
    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("zone")
        .add_dataframe_asset("observations")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )
    suite = gx.ExpectationSuite(name="observations", expectations=_their_suite(gx))
    result = batch.validate(suite, result_format="SUMMARY")
    failed = [each.expectation_config.type for each in result.results if not each.success]
    if failed:
        raise SystemExit(f"not as expected: {failed}")
    return len(result.results)


def _their_suite(gx: ModuleType) -> list[object]:
    """Twenty of our rules, as far as they can be said of one data frame."""
    e = gx.expectations
    known = ["series_id", "feed_id", "series_key", "vintage_id", "known_from", "period_start"]
    return [
        *(e.ExpectColumnValuesToNotBeNull(column=name) for name in known),
        e.ExpectCompoundColumnsToBeUnique(column_list=["series_id", "period_start", "period_end"]),
        e.ExpectColumnPairValuesAToBeGreaterThanB(column_A="period_end", column_B="period_start"),
        e.ExpectColumnValueLengthsToBeBetween(column="time_period", min_value=1, max_value=35),
        e.ExpectColumnValueLengthsToBeBetween(column="series_key", min_value=1),
        e.ExpectColumnValuesToMatchRegex(column="time_period", regex=r"\d{4}-(0[1-9]|1[0-2])"),
        e.ExpectColumnValuesToMatchRegex(column="feed_id", regex=r"[a-z_]+"),
        e.ExpectColumnValueLengthsToBeBetween(column="obs_status", max_value=16),
        e.ExpectColumnValuesToBeBetween(column="obs_value", min_value=-1e300, max_value=1e300),
        e.ExpectColumnValuesToBeInSet(column="freq", value_set=["A", "S", "Q", "M", "W", "D"]),
        e.ExpectColumnDistinctValuesToContainSet(column="feed_id", value_set=["bench"]),
        e.ExpectTableRowCountToBeBetween(min_value=1),
        e.ExpectColumnMaxToBeBetween(column="period_end", max_value=datetime.combine(TODAY, datetime.max.time())),
        e.ExpectColumnMedianToBeBetween(column="obs_value", min_value=1, max_value=100_000),
        e.ExpectColumnValuesToNotBeNull(column="unit_measure"),
    ]


SIDES: dict[str, Callable[[Path], Figures]] = {
    "ours": ours,
    "first_time": first_time,
    "ten_small_zones": ten_small_zones,
    "theirs": theirs,
    "read": read,
    "load": first,
}


@cache
def measured(observations: int = OBSERVATIONS, rounds: int = ROUNDS) -> dict[str, Figures]:
    """The medians of every side, each in a process of its own, in turns."""
    found: dict[str, list[Figures]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, observations)
        (folder / "small").mkdir()
        prepare(folder / "small", SMALL)
        for _ in range(rounds):
            for side, figures in found.items():
                figures.append(apart("bench.examining", side, folder))
    return {side: medians(figures) for side, figures in found.items()}


def gate_vs_gx_pandas(sides: dict[str, Figures]) -> dict[str, object]:
    """Ours / theirs in wall time."""
    return _over(sides, ("theirs",)) | {"target": "at most 0.25", "ours": sides["ours"], "theirs": sides["theirs"]}


def gate_vs_first_load(sides: dict[str, Figures]) -> dict[str, object]:
    """Examining / loading for the first time, in wall time, from the provider's file on."""
    alone = _over(sides, ("load",))
    return _over(sides, ("read", "load")) | {
        "target": "at most 0.5",
        "ratio_load_alone": alone["ratio"],
        "cpu_ratio_load_alone": alone["cpu_ratio"],
        **{side: sides[side] for side in ("ours", "first_time", "read", "load", "ten_small_zones")},
    }


def _over(sides: dict[str, Figures], others: tuple[str, ...]) -> dict[str, object]:
    """Our seconds over those of the others together, on the wall and on the cores."""
    return {
        ratio: round(sides["ours"][seconds] / sum(sides[other][seconds] for other in others), 4)
        for ratio, seconds in (("ratio", "seconds"), ("cpu_ratio", "cpu_seconds"))
    }


COMPARISONS: dict[str, Comparison] = {
    "gate_vs_gx_pandas": gate_vs_gx_pandas,
    "gate_vs_first_load": gate_vs_first_load,
}
RATIOS = {name: lambda compare=compare: compare(measured()) for name, compare in COMPARISONS.items()}

if __name__ == "__main__":
    command("bench.examining", SIDES, measured, COMPARISONS, observations=OBSERVATIONS, rounds=ROUNDS)
