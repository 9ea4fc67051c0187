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

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import duckdb

from datazones.model import Landed, Staged
from datazones.warehouse import WorkingCopy, export, schema
from datazones.warehouse.connecting import Limits

OBSERVATIONS = 10_000_000
MONTHS = 200
ROUNDS = 3
TODAY = date(2026, 10, 15)
FEEDS = 4
LIMITS = Limits(memory_mb=768, threads=2, spill=Path(tempfile.gettempdir()))

_SERIES = f"""
INSERT INTO series BY NAME
SELECT i::INTEGER AS series_id, 'feed_' || i % {FEEDS} AS feed_id, 'M.S' || i || '.CN' AS series_key, 'M' AS freq,
       'NBS' AS agency_id, 'hgyd' AS dataflow_id, 'CN' AS ref_area, 'CNY' AS unit_measure, '{{}}' AS dimensions
FROM range($series) AS r(i)
"""
_LATEST = f"""
INSERT INTO latest BY NAME
SELECT i::INTEGER AS series_id, strftime(day, '%Y-%m') AS time_period, day AS period_start,
       (day + INTERVAL 1 MONTH)::DATE AS period_end,
       round((1000 + i % 977) * 1.004 ** m * (1 + (hash(i, m) % 1000) / 50000.0), 1) AS obs_value,
       CASE WHEN hash(m, i) % 25 = 0 THEN 'p' END AS obs_status,
       TIMESTAMP '2026-09-10' AS known_from, (1 + i % {FEEDS})::INTEGER AS vintage_id
FROM range($series) AS r(i),
     (SELECT m, (DATE '2010-01-01' + to_months(m::INTEGER))::DATE AS day FROM range({MONTHS}) AS q(m))
ORDER BY i, m
"""
_VINTAGE = f"""
INSERT INTO vintage BY NAME
SELECT (i + 1 + {FEEDS} * $nth)::INTEGER AS vintage_id, 'feed_' || i AS feed_id, (1 + $nth)::INTEGER AS load_id,
       $known_at::TIMESTAMP AS known_at, $known_at::TIMESTAMP AS retrieved_at,
       0 AS observations, 0 AS added, 0 AS revised, 0 AS withdrawn, 0 AS ignored
FROM range({FEEDS}) AS r(i)
"""
_REVISION = f"""
CREATE TEMP TABLE revised AS FROM latest WHERE hash(series_id, period_start) % 100 = 0;
INSERT INTO superseded BY NAME
SELECT *, TIMESTAMP '2026-10-10' AS known_to, vintage_id + {FEEDS} AS superseded_by, 'revised' AS change FROM revised;
DELETE FROM latest WHERE hash(series_id, period_start) % 100 = 0;
INSERT INTO latest BY NAME
SELECT * REPLACE (round(obs_value * 1.004, 1) AS obs_value, TIMESTAMP '2026-10-10' AS known_from,
                  vintage_id + {FEEDS} AS vintage_id) FROM revised;
INSERT INTO latest BY NAME
SELECT series_id, '2026-09' AS time_period, DATE '2026-09-01' AS period_start, DATE '2026-10-01' AS period_end,
       obs_value * 1.004 AS obs_value, 'p' AS obs_status, TIMESTAMP '2026-10-10' AS known_from,
       vintage_id % {FEEDS} + {FEEDS} + 1 AS vintage_id
FROM latest WHERE period_start = DATE '2026-08-01';
"""


def make(folder: Path, observations: int) -> None:
    """`published.duckdb` and the `candidate.duckdb` that follows it."""
    with duckdb.connect(str(folder / "published.duckdb")) as connection:
        schema.create(connection)
        connection.execute(_SERIES, {"series": observations // MONTHS})
        connection.execute(_LATEST, {"series": observations // MONTHS})
        connection.execute(_VINTAGE, {"nth": 0, "known_at": "2026-09-10"})
    (folder / "revised.duckdb").write_bytes((folder / "published.duckdb").read_bytes())
    with duckdb.connect(str(folder / "revised.duckdb")) as connection:
        connection.execute(_VINTAGE, {"nth": 1, "known_at": "2026-10-10"})
        connection.execute(_REVISION)
    export(folder / "revised.duckdb", folder / "candidate.duckdb", LIMITS)


def ours(folder: Path) -> dict[str, float]:
    """Wall seconds of one examination, how many rules it asked, and the peak memory of its process."""
    from expectations.examiner import Examiner

    with Examiner() as examiner:
        examiner.ready()
        began = time.perf_counter()
        verdict = examiner.examine(
            folder / "candidate.duckdb", published=folder / "published.duckdb", today=TODAY, zone_id="bench"
        )
        seconds = time.perf_counter() - began
        imported = examiner.import_seconds or 0.0
    if not verdict.passed:
        raise SystemExit(f"the good candidate is held back: {verdict.findings}")
    return {
        "seconds": seconds,
        "checks": verdict.checks,
        "import_seconds": imported,
        "peak_mb": _peak_mb(children=True),
    }


def theirs(folder: Path) -> dict[str, float]:
    """Wall seconds of carrying the observations into pandas and validating them there."""
    began = time.perf_counter()
    import great_expectations as gx

    imported = time.perf_counter() - began
    began = time.perf_counter()
    with duckdb.connect(str(folder / "candidate.duckdb"), read_only=True) as connection:
        frame = connection.sql(
            "SELECT s.* EXCLUDE (series_id), o.* FROM latest AS o JOIN series AS s USING (series_id)"
        ).df()
    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("zone")
        .add_dataframe_asset("observations")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )
    suite = gx.ExpectationSuite(name="observations", expectations=_their_suite(gx))
    result = batch.validate(suite, result_format="SUMMARY")
    seconds = time.perf_counter() - began
    failed = [each.expectation_config.type for each in result.results if each.exception_info["raised_exception"]]
    if failed:
        raise SystemExit(f"raised: {failed}")
    return {"seconds": seconds, "checks": len(result.results), "import_seconds": imported, "peak_mb": _peak_mb()}


def first_load(folder: Path) -> dict[str, float]:
    """Wall seconds of loading the published observations into empty working copies, one feed after the other."""
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as connection:
        staged = [_staged(connection, f"feed_{number}", folder) for number in range(FEEDS)]
    at = datetime(2026, 9, 10, tzinfo=UTC)
    answer = Landed(digest="0" * 64, size=1, request_key="asked", part="data", retrieved_at=at, headers={})
    began = time.perf_counter()
    with WorkingCopy.held(folder / "working.duckdb", LIMITS, reach=[folder]) as copy:
        for each in staged:
            copy.load(each, [answer], slot=at, now=at)
    seconds = time.perf_counter() - began
    (folder / "working.duckdb").unlink()
    return {"seconds": seconds, "peak_mb": _peak_mb()}


def _staged(connection: duckdb.DuckDBPyConnection, feed_id: str, folder: Path) -> Staged:
    """One feed as conforming leaves it: two Parquet files."""
    observations, series = (str(folder / f"{feed_id}-{name}.parquet") for name in ("observations", "series"))
    connection.execute(
        "COPY (SELECT series_key, time_period, period_start, period_end, obs_value, obs_status, conf_status, "
        "comment_obs, obs_attributes, NULL::TIMESTAMPTZ AS released_at, 'replace' AS action "
        "FROM latest JOIN series USING (series_id) "
        f"WHERE feed_id = '{feed_id}') TO '{observations}'"
    )
    connection.execute(
        f"COPY (SELECT * EXCLUDE (series_id, feed_id) FROM series WHERE feed_id = '{feed_id}') TO '{series}'"
    )
    rows = connection.execute(f"SELECT count(*) FROM read_parquet('{observations}')").fetchall()[0][0]
    return Staged(feed_id, (observations,), (series,), rows, 1e-9, absent_is_withdrawn=False)


def _their_suite(gx: ModuleType) -> list[object]:
    """Twenty of our rules, as far as they can be said of one data frame."""
    e = gx.expectations
    area, period = r"feed_\d", r"\d{4}-(0[1-9]|1[0-2])"
    known = ["series_id", "feed_id", "series_key", "vintage_id", "known_from", "period_start"]
    return [
        *(e.ExpectColumnValuesToNotBeNull(column=name) for name in known),
        e.ExpectCompoundColumnsToBeUnique(column_list=["series_id", "period_start", "period_end"]),
        e.ExpectColumnPairValuesAToBeGreaterThanB(column_A="period_end", column_B="period_start"),
        e.ExpectColumnValueLengthsToBeBetween(column="time_period", min_value=1, max_value=35),
        e.ExpectColumnValueLengthsToBeBetween(column="series_key", min_value=1),
        e.ExpectColumnValuesToMatchRegex(column="time_period", regex=period),
        e.ExpectColumnValuesToMatchRegex(column="feed_id", regex=area),
        e.ExpectColumnValueLengthsToBeBetween(column="obs_status", max_value=16),
        e.ExpectColumnValuesToBeBetween(column="obs_value", min_value=-1e300, max_value=1e300),
        e.ExpectColumnValuesToBeInSet(column="freq", value_set=["A", "S", "Q", "M", "W", "D"]),
        e.ExpectColumnDistinctValuesToContainSet(
            column="feed_id", value_set=[f"feed_{number}" for number in range(FEEDS)]
        ),
        e.ExpectTableRowCountToBeBetween(min_value=1),
        e.ExpectColumnMaxToBeBetween(column="period_end", max_value=datetime.combine(TODAY, datetime.max.time())),
        e.ExpectColumnMedianToBeBetween(column="obs_value", min_value=100, max_value=100_000),
        e.ExpectColumnValuesToNotBeNull(column="unit_measure"),
    ]


def _peak_mb(*, children: bool = False) -> float:
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    return round(resource.getrusage(who).ru_maxrss / 1024, 1)


def _apart(side: str, folder: Path) -> dict[str, float]:
    """One side, measured in a process of its own."""
    command = [sys.executable, "-m", "bench.examining", "--side", side, "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


SIDES = {"ours": ours, "theirs": theirs, "load": first_load}


def _compared(side: str, target: str, observations: int, rounds: int) -> dict[str, object]:
    """Our wall time over that of another side, each in a process of its own, in turns."""
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), observations)
        measured = [{each: _apart(each, Path(name)) for each in ("ours", side)} for _ in range(rounds)]
    medians = {
        each: {key: round(statistics.median(turn[each][key] for turn in measured), 3) for key in measured[0][each]}
        for each in ("ours", side)
    }
    ratio = round(medians["ours"]["seconds"] / medians[side]["seconds"], 4)
    return {"ratio": ratio, "target": target, "observations": observations, "rounds": rounds, **medians}


def gate_vs_gx_pandas(observations: int = OBSERVATIONS, rounds: int = ROUNDS) -> dict[str, object]:
    """Ours / theirs in wall time."""
    return _compared("theirs", "at most 0.25", observations, rounds)


def gate_vs_first_load(observations: int = OBSERVATIONS, rounds: int = ROUNDS) -> dict[str, object]:
    """Examining / loading for the first time, in wall time."""
    return _compared("load", "at most 0.5", observations, rounds)


RATIOS: dict[str, Callable[..., dict[str, object]]] = {
    "gate_vs_gx_pandas": gate_vs_gx_pandas,
    "gate_vs_first_load": gate_vs_first_load,
}


def main() -> None:
    """Print the measurements as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.examining", description=__doc__)
    parser.add_argument("--observations", type=int, default=OBSERVATIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        print(json.dumps(SIDES[asked.side](asked.folder)))
        return
    for measure in RATIOS.values():
        print(json.dumps(measure(asked.observations, asked.rounds), indent=2))


if __name__ == "__main__":
    main()
