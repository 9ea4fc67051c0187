"""A backfill of ten zones by 120 months from landed raw answers to published snapshots, beside what one would do else.

    python -m bench.backfilling

`backfill_vs_flow_per_slice`: one Prefect flow run a slice, each with its load, its gate and its publish, as a schedule
does it; theirs / ours in wall, from 50 slices and the same work on all. `backfill_vs_one_load`: the same figures asked,
loaded and published in one go, zone by zone; ours / theirs. `planned`: seconds and memory of 100,000 slices' plan.
Every side works in this process on zones of its own, with one Prefect server and one store for all, and without the
heartbeats of Prefect: their thread looks up once a second whether its run is over, which would round every side up.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from datazones.backfilling import Known, Ledger, Wanted, plan
from datazones.backfilling.parts import parts
from datazones.catalogue import load
from tests.journey.backfilling import Rig, rig

FIRST, LAST, MONTHS = "2010-01", "2019-12", 120
ZONES, BY_FLOW = 10, 50


def backfilled(bench: Rig, zones_wanted: int) -> dict[str, float]:
    """All slices have landed; what is timed is reading, loading, examining and publishing them."""
    from tasks.gather import gather
    from tasks.preview import Rehearsal

    zones = ",".join(bench.zone() for _ in range(zones_wanted))
    landing = bench.plan(zones, FIRST, LAST)
    for part in parts(landing):
        for number in part.chunks:
            ledger: Ledger = bench.equipment.ledger(part.zone_id)
            gather(bench.equipment, Rehearsal(ledger.chunk(part.backfill_id, number)), part)
    asked = bench.providers.count()
    begun = time.perf_counter()
    done = bench.run(zones, FIRST, LAST)
    seconds = time.perf_counter() - begun
    assert (done.done, bench.providers.count()) == (zones_wanted * MONTHS, asked)
    return {"seconds": seconds, "publishes": sum(sum(zone.chunks.values()) for zone in done.zones)}


def in_one_go(bench: Rig, zones_wanted: int) -> float:
    """The same figures by a refresh of each zone."""
    from flows.refresh import refresh

    zones = [bench.zone() for _ in range(zones_wanted)]
    begun = time.perf_counter()
    for zone in zones:
        refresh(zone, ["months_until_2019"])
    return time.perf_counter() - begun


def by_flow(bench: Rig, slices: int) -> float:
    """One flow run for each of so many slices; the seconds of one."""
    from flows.carry import carry

    zone = bench.zone()
    months = [f"{2010 + nth // 12}-{nth % 12 + 1:02}" for nth in range(slices)]
    plans = [bench.plan(zone, month, month).backfill_id for month in months]
    begun = time.perf_counter()
    for backfill in plans:
        carry(zone, backfill, 0)
    return (time.perf_counter() - begun) / slices


def planned() -> dict[str, float]:
    """A hundred thousand slices of ten zones, and all that is stored of them."""
    catalogue = load()
    yearly = catalogue.feed("nbs_province_year")
    daily = yearly.model_copy(update={"periods": yearly.periods.model_copy(update={"slice": "D"})})
    wanted = Wanted(daily.feed_id, tuple(catalogue.zones), "1993-07-16", "2020-11-30")
    tracemalloc.start()
    begun = time.perf_counter()
    made = plan(wanted, daily, catalogue.agency_of(daily), Known(), datetime(2020, 12, 1, tzinfo=UTC), None)
    size = sum(len(part.plain()) for part in parts(made))
    seconds = time.perf_counter() - begun
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"slices": made.slices.height, "seconds": seconds, "stored_mb": size / 1e6, "peak_mb": peak / 1e6}


@cache
def measured(zones: int = ZONES, slices: int = BY_FLOW) -> dict[str, object]:
    """All sides, once."""
    with (
        tempfile.TemporaryDirectory() as name,
        rig(Path(name), 2 * zones + 2) as bench,
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        bench.run(bench.zone(), "2020-01", "2020-01")
        ours = backfilled(bench, zones)
        one_load, one_run = in_one_go(bench, zones), by_flow(bench, slices)
    seconds = ours["seconds"]
    return {
        **ours,
        "one_load_s": one_load,
        "flow_run_s": one_run,
        "vs_flow_per_slice": one_run * zones * MONTHS / seconds,
        "vs_one_load": seconds / one_load,
        "load": os.getloadavg()[0],
    }


def backfill_vs_flow_per_slice() -> dict[str, object]:
    """Theirs / ours; at least 5 is asked for."""
    return {"ratio": measured()["vs_flow_per_slice"], **measured()}


def backfill_vs_one_load() -> dict[str, object]:
    """Ours / theirs; at most 2 is asked for."""
    return {"ratio": measured()["vs_one_load"], **measured()}


RATIOS = {
    "backfill_vs_flow_per_slice": backfill_vs_flow_per_slice,
    "backfill_vs_one_load": backfill_vs_one_load,
    "backfill_planned": planned,
}


def main() -> None:
    """Print every side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zones", type=int, default=ZONES)
    parser.add_argument("--slices", type=int, default=BY_FLOW, help="by one flow run each")
    asked = parser.parse_args()
    print(json.dumps({"planned": planned(), **measured(asked.zones, asked.slices)}, indent=2))


if __name__ == "__main__":
    main()
