"""An installation as an operator brings it up, in a folder of its own, and the commands one types there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

from prefect.client.orchestration import SyncPrefectClient

from infra.children import free_port
from infra.upkeep.place import Place, State

BIN = Path(sys.executable).parent
PATIENCE_S = 560.0
PRODUCTION = ("--postgres", "--redis", "--auth", "--workers", "2")


@dataclass
class Installation:
    """A home of its own."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / ".datazones"

    @property
    def place(self) -> Place:
        return Place.of(self.home)

    @property
    def state(self) -> State:
        found = self.place.state()
        assert found, "nobody keeps it up any more: its supervisor was ended"
        return found

    @property
    def providers(self) -> str:
        """The address of the simulated ones."""
        return self.place.log_of("simulator").read_text().split()[0]

    @property
    def auth(self) -> str:
        """What the API asks of whoever calls."""
        return self.place.auth()

    def datazones(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self._run("datazones", *words, **more)

    def prefect(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run("prefect", "--no-prompt", *words, **self.known())

    def python(self, words: str) -> subprocess.CompletedProcess[str]:
        return self._run("python", "-c", words, **self.known())

    def known(self) -> dict[str, str]:
        """How a command finds Prefect's server and is let in."""
        return self.place.known({})

    def _run(self, program: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("DATAZONES_", "PREFECT_"))}
        return subprocess.run(
            [str(BIN / program), *words], env=clean | more | {"HOME": str(self.folder)}, cwd=self.folder,
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip

    def pids(self) -> dict[str, int]:
        return {part.name: part.pid for part in self.state.parts}

    def tell_providers(self, path: str, body: object) -> None:
        """Say something to the simulated ones: to their clock, their script, their quota."""
        said = Request(f"{self.providers}/{path}", json.dumps(body).encode())
        urlopen(said, timeout=30).read()

    def asked(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        """What Prefect's server answers, as rows."""
        with SyncPrefectClient(self.state.api_url, auth_string=self.auth) as client:
            found = client.request("POST", path, json=body).json()
        rows: list[dict[str, Any]] = found["events"] if isinstance(found, dict) else found
        return rows


@contextmanager
def up(*words: str, within: Path | None = None, **given: str) -> Iterator[Installation]:
    """One with simulated providers and what is given as settings, taken down with the block.

    Others may pass through its folder: PostgreSQL does, which does not run as root.
    """
    with TemporaryDirectory(prefix="datazones-", dir=within) as folder:
        Path(folder).chmod(0o711)
        found = Installation(Path(folder))
        (found.folder / ".env").write_text("".join(f"{name}={text}\n" for name, text in given.items()))
        try:
            first = found.datazones("up", "--simulated", "--port", str(free_port()), *words)
            assert first.returncode == 0, first.stdout + first.stderr
            yield found
        finally:
            found.datazones("down")


def wait(until: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Until it is so."""
    end = time.monotonic() + patience_s
    while not until():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
