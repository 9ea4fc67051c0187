"""`python -m tests.soak.backfills`: ten zones by 120 months on a real installation, undisturbed and killed.

counts             1,200 slices, on SQLite and PostgreSQL: counted in the ledger, at the provider, by readers
killed             the same with the command, workers, runs and the server killed in between: the same snapshots
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from datazones.backfilling import Progress
from datazones.catalogue import load
from datazones.publishing import Pointer, current
from datazones.settings import settings
from datazones.warehouse import query
from infra.children import free_port
from infra.simulator.server import serving
from tasks.backfills import parts_of, progress_of
from tasks.equip import Equipment, equipped
from tests.journey.backfilling import NOW, Providers, catalogue
from tests.journey.installed import BIN, Installation

ZONES = sorted(load().zones)
FIRST, LAST, MONTHS = "2010-01", "2019-12", 120
SLICES = len(ZONES) * MONTHS
PATIENCE_S = 5400.0


@dataclass
class Site:
    """An installation with its providers; `settings` are what every command there is given."""

    installation: Installation
    providers: Providers
    settings: dict[str, str]
    equipment: Equipment
    begun: float = field(default_factory=time.monotonic)

    def say(self, *words: object) -> None:
        print(f"{time.monotonic() - self.begun:7.1f} s", *words, flush=True)

    def command(self, *words: str) -> subprocess.Popen[str]:
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("DATAZONES_", "PREFECT_"))}
        folder = self.installation.folder
        return subprocess.Popen(
            [str(BIN / "datazones"), *words], env=clean | self.settings | {"HOME": str(folder)}, cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *words: str) -> tuple[str, str]:
        out, err = self.command(*words).communicate(timeout=PATIENCE_S)
        return out, err

    def begin(self) -> str:
        """Begun as an engineer begins it; its id."""
        begun = time.monotonic()
        _, err = self.run("backfill", "all", "--feed", "months", "--from", FIRST, "--to", LAST)
        found = re.search(r"Backfill (\w+):", err)
        assert found, err
        self.say(f"submitted in {time.monotonic() - begun:.1f} s:", err.strip().splitlines()[-1])
        return found[1]

    def until_over(self, backfill: str, resumed_every_s: float = 0.0) -> Progress:
        """Wait until nothing more happens; `resume` is what an operator says, if so often."""
        until, resumed = time.monotonic() + PATIENCE_S, time.monotonic()
        while (now := progress_of(self.equipment, parts_of(self.equipment, backfill))).state in ("planned", "running"):
            assert time.monotonic() < until, now
            self.say(now, "asked", self.providers.count())
            time.sleep(10)
            if resumed_every_s and time.monotonic() > resumed + resumed_every_s:
                self.run("backfill", "resume", backfill)
                resumed = time.monotonic()
        return now

    def counted(self, backfill: str) -> dict[str, object]:
        """The slices in the ledger, the questions at the provider, the observations that readers see."""
        now = progress_of(self.equipment, parts_of(self.equipment, backfill))
        asked = Counter(self.providers.questions())
        return {
            "state": now.state,
            "slices done in the ledger": now.done,
            "questions asked": len(asked),
            "asked more than once": sum(count - 1 for count in asked.values()),
            "observations published": sum(self._published(zone) for zone in ZONES),
            "publishes": sum(pointer.snapshot.generation for pointer in self._pointers().values()),
        }

    def digests(self) -> dict[str, str]:
        """The published snapshot of each zone, by content."""
        return {zone: pointer.snapshot.snapshot_id for zone, pointer in self._pointers().items()}

    def _pointers(self) -> dict[str, Pointer]:
        zones = self.equipment.catalogue.zones.values()
        found = {zone.zone_id: current(self.equipment.store, zone.prefix) for zone in zones}
        return {zone: pointer for zone, pointer in found.items() if pointer}

    def _published(self, zone: str) -> int:
        path = self.installation.home / "published" / f"{zone}.duckdb"
        rows = query(path, "SELECT count(*) FROM latest", self.equipment.limits).rows()
        return int(rows[0][0])

    def kill(self, *names: str) -> None:
        """The parts of that name die."""
        for name, pid in self.installation.pids().items():
            if name.startswith(names):
                self.say("kill -9", name)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill_runs(self) -> None:
        """Every process that carries a chunk dies."""
        mark = str(self.installation.home).encode()
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (path / "environ").read_bytes()
                words = (path / "cmdline").read_bytes()
                if mark in environment and b"PREFECT__FLOW_RUN_ID" in environment and b"worker" not in words:
                    os.kill(int(path.name), signal.SIGKILL)
                    self.say("kill -9 run", path.name)

    def after(self, asked: int) -> None:
        """Wait until so many questions were asked."""
        until = time.monotonic() + PATIENCE_S
        while self.providers.count() < asked:
            assert time.monotonic() < until, self.providers.count()
            time.sleep(0.2)


@contextmanager
def site(*words: str) -> Iterator[Site]:
    """One that is up, and taken down with the block."""
    with TemporaryDirectory(prefix="datazones-") as name, serving(NOW, volume=1) as base:
        folder = Path(name)
        folder.chmod(0o711)
        installation = Installation(folder)
        named = {"DATAZONES_PROVIDERS_BASE": base, "DATAZONES_NOW": NOW, **catalogue(folder / "catalogue", ZONES)}
        os.environ.update({**named, "DATAZONES_HOME": str(installation.home)})
        settings.cache_clear()
        with equipped() as equipment:
            found = Site(installation, Providers(base), named, equipment)
            try:
                out, err = found.run("up", "--port", str(free_port()), *words)
                found.say("up:", (out + err).strip().splitlines()[-1])
                yield found
            finally:
                found.run("down")


def counts(*words: str) -> dict[str, str]:
    """Undisturbed; the digests."""
    with site(*words) as here:
        backfill = here.begin()
        here.until_over(backfill)
        found = here.counted(backfill)
        here.say(words or "SQLite", json.dumps(found))
        expected: dict[str, object] = {"state": "done", "slices done in the ledger": SLICES, "questions asked": SLICES}
        expected |= {"asked more than once": 0, "observations published": SLICES}
        assert found.items() >= expected.items(), found
        return here.digests()


def killed(undisturbed: dict[str, str], *words: str) -> None:
    """The command, workers, runs and the server die; what comes of it is the same."""
    with site(*words) as here:
        command = here.command("backfill", "all", "--feed", "months", "--from", FIRST, "--to", LAST)
        assert command.stderr
        line = next(line for line in command.stderr if line.startswith("Backfill "))
        command.kill()
        backfill = line.split()[1].rstrip(":")
        here.say("killed the command that began", backfill)
        here.run("backfill", "resume", backfill)
        kills = 0
        for asked, who in ((150, "worker"), (350, "runs"), (550, "prefect"), (750, "all"), (950, "runs")):
            here.after(asked)
            if who in ("runs", "all"):
                kills += 1
                here.kill_runs()
            here.kill(*{"runs": (), "all": ("worker", "prefect", "standby")}.get(who, (who,)))
            here.run("backfill", "resume", backfill)
        here.until_over(backfill, resumed_every_s=20.0)
        found = here.counted(backfill)
        here.say(json.dumps(found))
        assert (found["state"], found["slices done in the ledger"], found["questions asked"]) == (
            "done",
            SLICES,
            SLICES,
        )
        assert found["observations published"] == SLICES
        more = found["asked more than once"]
        assert isinstance(more, int)
        assert more <= 2 * kills, "at most what was in flight when its run was killed"
        same = sum(here.digests()[zone] == undisturbed[zone] for zone in ZONES)
        here.say(f"{same} of {len(ZONES)} zones have the snapshot of the undisturbed run")
        assert same == len(ZONES)


def main() -> None:
    """Print what was counted; an assertion ends it with 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.backfills", description=__doc__)
    parser.add_argument("cases", nargs="*", default=["sqlite", "postgres", "killed"])
    cases = parser.parse_args().cases
    undisturbed: dict[str, str] = {}
    if "sqlite" in cases:
        undisturbed = counts()
    if "postgres" in cases:
        on_postgres = counts("--postgres")
        same = sum(on_postgres[zone] == undisturbed.get(zone) for zone in ZONES)
        print(f"{same} of {len(ZONES)} zones have the same snapshot on SQLite and on PostgreSQL", flush=True)
        undisturbed = undisturbed or on_postgres
    if "killed" in cases:
        killed(undisturbed or counts())
    sys.exit()


if __name__ == "__main__":
    main()
