"""Backfills by several people over one another while the schedule runs, and one under a provider's quota."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule

from tests.journey.backfilling import rig
from tests.journey.installed import wait
from tests.soak.site import ZONES, Site, site

BACKFILLS, PEOPLE = 20, ("ann", "bo", "chen", "dina")
SCHEDULED = "months_until_2019"
UNDISTURBED_S = 240.0
FIGURES = "SELECT feed_id, series_key, time_period, obs_value FROM latest JOIN series USING (series_id) ORDER BY ALL"
HOUR_S, CALLS = 60.0, 60


@dataclass(frozen=True)
class Asked:
    """One backfill that somebody wants."""

    by: str
    zones: tuple[str, ...]
    first: str
    last: str
    how: tuple[str, ...]


def wanted(seed: int) -> list[Asked]:
    """Windows of one to three years over one another, of some zones each, in every manner there is."""
    chance, found = random.Random(seed), []
    for nth in range(BACKFILLS):
        year = chance.randrange(2010, 2018)
        zones = tuple(chance.sample(ZONES, chance.randrange(4, len(ZONES) + 1)))
        how = chance.choice([("--missing",), ("--missing", "--reverse"), ("--force",)])
        found.append(Asked(PEOPLE[nth % len(PEOPLE)], zones, f"{year}-01", f"{year + chance.randrange(3)}-12", how))
    return found


def overlapping(seed: int = 1) -> None:
    """Twenty backfills at once, a schedule every two minutes: the figures of one after the other, and slots in time."""
    asked = wanted(seed)
    with site("--postgres", "--auth", "--workers", "2", now=None) as here:
        _often(here)
        wait(lambda: all((here.installation.home / "published" / f"{zone}.duckdb").exists() for zone in ZONES))
        before = datetime.now(UTC)
        time.sleep(UNDISTURBED_S)
        begun = datetime.now(UTC)
        with ThreadPoolExecutor(len(PEOPLE)) as people:
            ids = list(people.map(lambda each: _begun(here, each), asked))
        states = [here.until_over(each, resumed_every_s=60.0) for each in ids]
        over = datetime.now(UTC)
        undisturbed, disturbed = _late(here, before, begun), _late(here, begun, over)
        figures = {zone: here.ask(zone, FIGURES) for zone in ZONES}
        here.say(
            f"{sum(now.state == 'done' for now in states)} of {BACKFILLS} backfills done,",
            f"{sum(now.total for now in states)} slices in {(over - begun).total_seconds():.0f} s,",
            f"{here.providers.count()} questions",
        )
        here.say("scheduled runs began late by, without backfills:", _told(undisturbed), "with them:", _told(disturbed))
    expected = serially(asked)
    same = sum(figures[zone] == expected[zone] for zone in ZONES)
    print(f"{same} of {len(ZONES)} zones have the figures of one backfill after the other; seed {seed}", flush=True)
    assert same == len(ZONES)
    assert all(now.state == "done" for now in states), [str(now) for now in states]
    assert median(disturbed) < median(undisturbed) + 30


def serially(asked: Sequence[Asked]) -> dict[str, list[tuple[object, ...]]]:
    """What readers see when the same is done by one process, one after the other."""
    from flows.refresh import refresh

    with TemporaryDirectory() as folder, rig(Path(folder), len(ZONES)) as alone:
        names = {zone: alone.zone() for zone in ZONES}
        for name in names.values():
            refresh(name, [SCHEDULED])
        for each in asked:
            which = "force" if "--force" in each.how else "missing"
            plan = alone.plan(",".join(names[zone] for zone in each.zones), each.first, each.last, which=which)
            assert not plan.todo.height or alone.carry(plan.backfill_id).state == "done"
        return {zone: alone.ask(name, FIGURES) for zone, name in names.items()}


def throttled() -> None:
    """Sixty calls an hour, and an hour goes by in a minute: nothing is refused in storms, half-way the end is known."""
    with site(DATAZONES_SIMULATED_HOUR_S=str(HOUR_S)) as here:
        here.providers.limit(CALLS, HOUR_S)
        backfill, begun = here.begin(zones=",".join(ZONES[:5]), first="2010-01", last="2011-12"), time.monotonic()
        while (now := here.progress(backfill)).slices["planned"] > now.total / 2 or now.left_s is None:
            time.sleep(0.5)
        half, told = time.monotonic(), now.left_s
        assert told
        over = here.until_over(backfill)
        took = time.monotonic() - half
        refused = here.providers.statuses()[429]
        here.say(
            f"{over.done} of {over.total} slices in {time.monotonic() - begun:.0f} s, {refused} times refused; "
            f"half-way {told:.0f} s were foretold, and it took {took:.0f}"
        )
        assert over.state == "done"
        assert refused <= over.total / 20
        assert abs(told - took) <= 0.2 * took


def _begun(here: Site, asked: Asked) -> str:
    return here.begin(*asked.how, "--by", asked.by, zones=",".join(asked.zones), first=asked.first, last=asked.last)


def _often(here: Site) -> None:
    """Have Prefect refresh every zone every two minutes, with the one feed that nobody backfills."""
    cron = CronSchedule(cron="*/2 * * * *", timezone="UTC")
    due = DeploymentScheduleCreate(schedule=cron, active=True, parameters={"feeds": [SCHEDULED]})
    with SyncPrefectClient(here.installation.state.api_url, auth_string=here.installation.auth) as client:
        for zone in ZONES:
            deployment = client.read_deployment_by_name(f"refresh/{zone}")
            for schedule in client.read_deployment_schedules(deployment.id):
                client.delete_deployment_schedule(deployment.id, schedule.id)
            client.create_deployment_schedules(deployment.id, [due])


def _late(here: Site, since: datetime, until: datetime) -> list[float]:
    """By how many seconds each scheduled run of that time began late; what has not begun is as late as it can be."""
    meant = {"after_": since.isoformat(), "before_": until.isoformat()}
    due = {"expected_start_time": meant, "tags": {"all_": ["zone", "auto-scheduled"]}}
    found: list[dict[str, Any]] = []
    while page := here.installation.asked("/flow_runs/filter", {"flow_runs": due, "offset": len(found)}):
        found += page
    late = []
    for run in found:
        begun = datetime.fromisoformat(run["start_time"]) if run["start_time"] else until
        late.append((begun - datetime.fromisoformat(run["expected_start_time"])).total_seconds())
    return late


def _told(late: Sequence[float]) -> str:
    ordered = sorted(late)
    most = ordered[int(len(late) * 0.95)]
    return f"{len(late)} runs, median {median(ordered):.1f} s, 95 % within {most:.1f} s, at most {ordered[-1]:.1f} s"
