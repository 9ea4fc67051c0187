"""An installation that backfills run on: what is typed there, what is counted, and who dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote_plus

from datazones.backfilling import Progress
from datazones.catalogue import load
from datazones.publishing import Pointer, current, fetch_manifest
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

    def begin(self, *more: str, zones: str = "all", first: str = FIRST, last: str = LAST) -> str:
        """Begun as an engineer begins it; its id."""
        begun = time.monotonic()
        _, err = self.run("backfill", zones, "--feed", "months", "--from", first, "--to", last, *more)
        found = re.search(r"Backfill (\w+):", err)
        assert found, err
        self.say(f"submitted in {time.monotonic() - begun:.1f} s:", err.strip().splitlines()[-1])
        return found[1]

    def progress(self, backfill: str) -> Progress:
        return progress_of(self.equipment, parts_of(self.equipment, backfill))

    def until_over(self, backfill: str, resumed_every_s: float = 0.0) -> Progress:
        """Wait until nothing more happens; `resume` is what an operator says, if so often."""
        until, resumed = time.monotonic() + PATIENCE_S, time.monotonic()
        while (now := self.progress(backfill)).state in ("planned", "running"):
            assert time.monotonic() < until, now
            self.say(now, "asked", self.providers.count())
            time.sleep(10)
            if resumed_every_s and time.monotonic() > resumed + resumed_every_s:
                self.run("backfill", "resume", backfill)
                resumed = time.monotonic()
        self.say(now, *{zone.reason for zone in now.zones if zone.reason})
        return now

    def counted(self, backfill: str) -> dict[str, object]:
        """The slices in the ledger, the questions at the provider, the observations that readers see."""
        now = self.progress(backfill)
        asked = Counter(filter(_of_a_month, map(unquote_plus, self.providers.questions())))
        return {
            "state": now.state,
            "slices done in the ledger": now.done,
            "questions asked": len(asked),
            "asked more than once": sum(count - 1 for count in asked.values()),
            "observations published": sum(len(self.ask(zone, "FROM latest")) for zone in ZONES),
            "publishes": sum(pointer.snapshot.generation for pointer in self._pointers().values()),
        }

    def digests(self) -> dict[str, dict[str, str]]:
        """The published snapshot of each zone, by content: the digest of each of its tables."""
        zones = self.equipment.catalogue.zones
        manifests = {
            zone: fetch_manifest(self.equipment.store, zones[zone].prefix, pointer.snapshot)
            for zone, pointer in self._pointers().items()
        }
        return {zone: {table.name: table.digest for table in found.tables} for zone, found in manifests.items()}

    def _pointers(self) -> dict[str, Pointer]:
        zones = self.equipment.catalogue.zones.values()
        found = {zone.zone_id: current(self.equipment.store, zone.prefix) for zone in zones}
        return {zone: pointer for zone, pointer in found.items() if pointer}

    def ask(self, zone: str, sql: str) -> list[tuple[object, ...]]:
        """What readers of the zone see."""
        return query(self.installation.home / "published" / f"{zone}.duckdb", sql, self.equipment.limits).rows()

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


def _of_a_month(question: str) -> bool:
    """A slice's; the watch of the providers asks for all periods at once."""
    return re.search(r'"(\d{6})-\1"', question) is not None


@contextmanager
def site(*words: str, now: str | None = NOW, schedule: str = "5 18 * * *", **given: str) -> Iterator[Site]:
    """One that is up, and taken down with the block; `now` is where its clock stands (None: it goes), `given` settings.

    Providers answer as of 2020-12-01 in any case.
    """
    with TemporaryDirectory(prefix="datazones-") as name, serving(NOW, volume=1) as base:
        folder = Path(name)
        folder.chmod(0o711)
        installation = Installation(folder)
        named = {"DATAZONES_PROVIDERS_BASE": base, **catalogue(folder / "catalogue", ZONES, schedule), **given}
        named |= {"DATAZONES_NOW": now} if now else {}
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
                for each in (*named, "DATAZONES_HOME"):
                    del os.environ[each]
