"""Commands given one after the other beside simulated providers that can be told to misbehave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from infra.simulator.server import serving
from tests.journey.homes import FIRST, Home

ZONE = "hunan"

DRIVER = """
import json, sys
from click.testing import CliRunner
from datazones.cli.main import group
from datazones.cli.serving import prefect_api
from datazones.errors import DatazonesError
from tasks.equip import equipped
with equipped() as equipment, prefect_api(equipment.settings.home, lambda: None):
    for line in sys.stdin:
        done = CliRunner().invoke(group, json.loads(line))
        code = done.exception.exit_code if isinstance(done.exception, DatazonesError) else done.exit_code
        print(json.dumps([code, done.stdout, done.stderr + str(done.exception or "")]), flush=True)
"""
"""The commands one after the other in one process: Prefect and Great Expectations start once."""


SIGNED: dict[str, object] = {
    "match": "easyquery",
    "fault": "replaced",
    "old": '"hasdata":true,"strdata":"',
    "new": '"hasdata":true,"strdata":"-',
}
"""One way to script them: every figure of the NBS has the wrong sign."""


class Session:
    """A home and the process in which its commands are given."""

    def __init__(self, home: Home, base: str) -> None:
        self.home = home
        self._base = base
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER], cwd=home.folder, env=home.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def give(self, *words: str) -> Sequence[str]:
        """The words of a command; its exit code, and what it says to a script and to a person."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        code, out, err = json.loads(self.process.stdout.readline())
        return f"{code}", out, err

    def snapshot(self) -> object:
        rows = json.loads(self.give("status", "--json")[1])
        return next(row["snapshot"] for row in rows if row["zone"] == ZONE)

    def script(self, *rules: dict[str, object]) -> None:
        """How the providers misbehave from now on."""
        urlopen(Request(f"{self._base}/_script", json.dumps(rules).encode()), timeout=10).read()


@contextmanager
def session(folder: Path) -> Iterator[Session]:
    """One in this folder, beside simulated providers, ended with the block."""
    with serving(f"{FIRST}T00:00:00Z") as base:
        (folder / ".env").write_text(f"DATAZONES_PROVIDERS_BASE={base}\n")
        begun = Session(Home(folder), base)
        try:
            yield begun
        finally:
            begun.process.kill()
            begun.process.communicate()
