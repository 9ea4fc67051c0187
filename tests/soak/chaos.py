"""`python -m tests.soak.chaos`: ten zones every minute, and somebody who kills without warning, for as long as asked.

A whole installation as production runs it: PostgreSQL, two workers, an auth string. Every two minutes on average the
server, the database, a worker or a run is killed with signal 9, each as often as the others, and nobody helps. After a
third of the time the providers release what is newer by years, so that zones are published meanwhile. At the end every
slot that the clock says was due must have ended, once. What happened is in LOG, one line of JSON each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule

from datazones.catalogue import load
from datazones.catalogue.loading import SHIPPED
from infra.standby.__main__ import WHERE
from tests.journey.homes import FIRST, LATER
from tests.journey.installed import Installation, up, wait
from tests.soak.memory import Memory

EVERY_MINUTE = "* * * * *"
LOOK_S = 2.0
RECOVERED_S = 90.0
FIRST_S = 1800.0
RUN_S = 90.0
"""Zones are due every minute: so long a run to be killed is waited for."""

DRAIN_S = 600.0
"""So long the last slots may take after the last kill, on a machine that does other things."""

KINDS = ("prefect", "postgres", "worker", "run")


@dataclass
class Chaos:
    """One soak: who is killed when, and how long it took until it was as before."""

    found: Installation
    log: IO[str]
    chance: random.Random
    pause_s: float
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)

    def go(self, seconds: float) -> None:
        """Kill for so long, each kind in turn, and let the providers release something in between."""
        begun = time.monotonic()
        next_at, release_at = begun + self.pause_s * self.chance.uniform(0.5, 1.5), begun + seconds / 3
        left: list[str] = []
        while time.monotonic() < begun + seconds:
            self.memory.look(time.monotonic(), self.found.state.parts)
            if time.monotonic() >= release_at:
                released(self.found, LATER)
                self._say(released=f"{LATER}")
                release_at = float("inf")
            if time.monotonic() >= next_at:
                left = left or self.chance.sample(KINDS, len(KINDS))
                self._kill(left.pop())
                next_at = time.monotonic() + self.pause_s * self.chance.uniform(0.5, 1.5)
            time.sleep(LOOK_S)

    def _kill(self, kind: str) -> None:
        victim = self._run() if kind == "run" else self._part(kind)
        if victim is None:
            self._say(kind=kind, killed=None)
            return
        name, pid = victim
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        begun, at = time.monotonic(), datetime.now(UTC)
        recovered = self._gone(pid) if kind == "run" else self._replaced(name, pid)
        seconds = self._seconds(begun, lambda: recovered() and self._ended_since(at))
        self.recoveries.append((name, seconds))
        self._say(kind=kind, killed=name, pid=pid, recovered_s=round(seconds, 1), load=os.getloadavg()[0])

    def _part(self, kind: str) -> tuple[str, int] | None:
        parts = [part for part in self.found.state.parts if part.name.startswith(kind)]
        part = self.chance.choice(parts)
        return part.name, part.pid

    def _run(self) -> tuple[str, int] | None:
        """The process of a run of this installation that is under way, as soon as there is one."""
        ours, until = f"{WHERE}={self.found.place.standby}", time.monotonic() + RUN_S
        while time.monotonic() < until:
            runs = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_run(path, ours)]
            if runs:
                return "run", self.chance.choice(runs)
            time.sleep(0.1)
        return None

    def _replaced(self, name: str, pid: int) -> Callable[[], bool]:
        return lambda: any(p.name == name and p.pid != pid and p.healthy for p in self.found.state.parts)

    def _gone(self, pid: int) -> Callable[[], bool]:
        return lambda: not Path(f"/proc/{pid}").exists()

    def _ended_since(self, at: datetime) -> bool:
        """Whether a slot has ended since then: work goes on, not only processes."""
        pages = (self.found.home / "store" / "data").rglob("end.json*")
        return any(page.stat().st_mtime > at.timestamp() for page in pages)

    def _seconds(self, begun: float, recovered: Callable[[], bool]) -> float:
        while not recovered() and time.monotonic() - begun < DRAIN_S:
            time.sleep(0.5)
        return time.monotonic() - begun

    def _say(self, **what: object) -> None:
        self.log.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **what}) + "\n")
        self.log.flush()


def _is_run(process: Path, ours: str) -> bool:
    try:
        words = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        command = (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return ours in words and any(w.startswith("PREFECT__FLOW_RUN_ID=") for w in words) and "infra.standby" in command


def zones_every_minute(folder: Path) -> list[str]:
    """The ten zones in a folder of their own, due every minute; their names."""
    shutil.copytree(SHIPPED / "zones", folder)
    zones = sorted(load().zones)
    for path in (folder / f"{zone}.toml" for zone in zones):
        lines = path.read_text(encoding="utf-8").splitlines()
        due = [f'schedule = "{EVERY_MINUTE}"' if line.startswith("schedule") else line for line in lines]
        path.write_text("\n".join(due) + "\n", encoding="utf-8")
    return zones


def released(found: Installation, until: date) -> None:
    """Have the simulated providers know what was released until that day."""
    found.tell_providers("_clock", {"now": f"{until}T00:00:00Z"})


def _publish(found: Installation, zones: list[str]) -> None:
    """Let every zone be published once before anybody is killed: what is soaked is the schedule."""
    with SyncPrefectClient(found.state.api_url, auth_string=found.auth) as client:
        for zone in zones:
            client.create_flow_run_from_deployment(client.read_deployment_by_name(f"refresh/{zone}").id)
    wait(lambda: all((found.home / "published" / f"{zone}.duckdb").exists() for zone in zones), FIRST_S)


def reschedule(found: Installation, zones: list[str]) -> None:
    """Have Prefect run them every minute: the deployments of this repository say once a day."""
    with SyncPrefectClient(found.state.api_url, auth_string=found.auth) as client:
        for zone in zones:
            deployment = client.read_deployment_by_name(f"refresh/{zone}")
            for schedule in client.read_deployment_schedules(deployment.id):
                client.delete_deployment_schedule(deployment.id, schedule.id)
            due = DeploymentScheduleCreate(schedule=CronSchedule(cron=EVERY_MINUTE, timezone="UTC"), active=True)
            client.create_deployment_schedules(deployment.id, [due])


def soak(minutes: float, seed: int, pause_s: float, log: IO[str]) -> bool:
    """Whether every slot ended once, and everything recovered in time."""
    with TemporaryDirectory(prefix="datazones-zones-") as folder:
        zones = zones_every_minute(Path(folder) / "zones")
        given = {"DATAZONES_ZONES_FOLDER": str(Path(folder) / "zones")}
        with up("--postgres", "--auth", "--workers", "2", **given) as found:
            released(found, FIRST)
            _publish(found, zones)
            reschedule(found, zones)
            chaos = Chaos(found, log, random.Random(seed), pause_s)
            since = datetime.now(UTC)
            chaos.go(60 * minutes)
            until = datetime.now(UTC)
            counted = _settled(found, zones, since, until)
            slowest = max(chaos.recoveries, key=lambda one: one[1], default=("nothing", 0.0))
            print(
                f"{counted['ended']} of {counted['due']} slots ended, {len(counted['lost'])} lost, "
                f"{len(counted['doubled'])} doubled; {len(chaos.recoveries)} kills, the slowest recovery "
                f"{slowest[1]:.0f} s after {slowest[0]}; seed {seed}, load {os.getloadavg()[0]:.0f}"
            )
            print(json.dumps({"oracle": counted, "recoveries": chaos.recoveries, "memory": chaos.memory.told()}))
            return not (counted["lost"] or counted["doubled"] or slowest[1] > RECOVERED_S)


def _settled(found: Installation, zones: list[str], since: datetime, until: datetime) -> dict[str, list[str]]:
    """The oracle's count, once nothing is open any more or time is up."""
    command = [sys.executable, "-m", "tests.soak.oracle", str(found.home), since.isoformat(), until.isoformat(), *zones]
    end = time.monotonic() + DRAIN_S
    while True:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        if not told.returncode or time.monotonic() > end:
            if not told.stdout:
                raise RuntimeError(told.stderr)
            counted: dict[str, list[str]] = json.loads(told.stdout)
            return counted
        time.sleep(10)


def main() -> None:
    """End with 1 if a slot was lost or doubled, or a recovery took longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=120.0, help="seconds between kills, on average")
    parser.add_argument("--log", type=argparse.FileType("w"), default=sys.stderr)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # what is up is taken down
    sys.exit(not soak(asked.minutes, asked.seed, asked.pause, asked.log))


if __name__ == "__main__":
    main()
