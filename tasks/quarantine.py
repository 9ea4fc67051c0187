"""Set single observations aside that break a rule by themselves, and write down what a person decides of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
from prefect import task

from datazones.catalogue import Zone
from datazones.errors import DatazonesError
from datazones.model import Broken, Candidate, Landed, Logged, Quarantined, Verdict
from datazones.warehouse import WorkingCopy
from tasks.equip import Equipment, equipped
from tasks.reading import as_declared, read, window_of
from tasks.retrying import if_transient

_PLACE = ("feed_id", "series_key", "time_period")


@task(task_run_name="set aside {candidate.zone_id}", retries=3, retry_condition_fn=if_transient)
def set_aside(candidate: Candidate, verdict: Verdict) -> int:
    """How many observations went into quarantine so that the rest may go on; 0: the candidate is held back as a whole.

    Only where every critical finding is of observations that are wrong each by itself, all of them named, and come
    since what is published. A hub sets nothing aside: its observations are the zones'.
    """
    broken = alone(verdict)
    with equipped() as equipment, equipment.spending("set aside"):
        zone = equipment.catalogue.zone(candidate.zone_id)
        if not zone.collects:
            return 0
        with WorkingCopy.held(equipment.working(zone), equipment.limits) as copy:
            loads = {each: copy.load_of(each) for each in broken}
        if None in loads.values():
            return 0
        places = _places(equipment, zone, loads)
        found = [places.get(each, each) for each in broken]
        with WorkingCopy.held(equipment.working(zone), equipment.limits) as copy:
            copy.set_aside(found, equipment.settings.clock())
    return len(found)


@task(task_run_name="decide {zone_id} {number}")
def decide(zone_id: str, number: int, decision: str, because: str, by: str) -> Quarantined:
    """The row that was `released` or `rejected`; UnknownCode when there is none that waits."""
    with equipped() as equipment:
        zone = equipment.catalogue.collecting(zone_id)
        with WorkingCopy.held(equipment.working(zone), equipment.limits) as copy:
            return copy.decide(number, decision, by=by, because=because, at=equipment.settings.clock())


def alone(verdict: Verdict) -> list[Broken]:
    """The observations that break critical rules; empty unless each is wrong by itself and every one is named."""
    critical = [finding for finding in verdict.findings if finding.severity == "critical"]
    found: dict[tuple[str, str, str], Broken] = {}
    for finding in critical:
        named = [row for row in finding.sample if all(row.get(name) for name in _PLACE)]
        if not finding.alone or len(named) != finding.count:
            return []
        for row in named:
            place = str(row["feed_id"]), str(row["series_key"]), str(row["time_period"])
            said, before = str(row.get("found", finding.found)), found.get(place)
            rules = [before.rule, finding.rule] if before else [finding.rule]
            found[place] = Broken(", ".join(rules), f"{before.found}; {said}" if before else said, *place)
    return list(found.values())


def _places(equipment: Equipment, zone: Zone, loads: Mapping[Broken, Logged | None]) -> dict[Broken, Broken]:
    """The rows with the raw answer that each came in and its place there, found by reading every answer again, once."""
    found: dict[Broken, Broken] = {}
    for load in {load.load_id: load for load in loads.values() if load}.values():
        wanted = [each for each, of in loads.items() if of == load]
        companions = [answer for answer in load.answers if answer.part != "data"]
        for answer in (answer for answer in load.answers if answer.part == "data"):
            missing = [each for each in wanted if each not in found]
            if missing:
                places = _of_answer(equipment, zone, missing, load, [answer, *companions])
                found |= {each: replace(each, raw_digest=answer.digest, raw_place=place) for each, place in places}
    return found


def _of_answer(
    equipment: Equipment, zone: Zone, wanted: Sequence[Broken], load: Logged, answers: Sequence[Landed]
) -> list[tuple[Broken, int]]:
    """Which observations of the answer these are, from 1; none of what is not in it, or if it cannot be read alone."""
    feed = as_declared(equipment.catalogue.feed(load.feed_id), load.declared)
    try:
        staged = read(equipment, zone, feed, window_of(load.declared), answers, into=equipment.staged / "places")
    except DatazonesError:
        return []
    frame = pl.concat([pl.read_parquet(path, columns=["series_key", "time_period"]) for path in staged.observations])
    named = pl.DataFrame(
        [(number, each.series_key, each.time_period) for number, each in enumerate(wanted)],
        schema={"number": pl.UInt32, "series_key": pl.String, "time_period": pl.String},
        orient="row",
    )
    rows = frame.with_row_index("place", offset=1).join(named, on=["series_key", "time_period"])
    return [(wanted[number], place) for number, place in rows.group_by("number").agg(pl.col("place").max()).iter_rows()]
