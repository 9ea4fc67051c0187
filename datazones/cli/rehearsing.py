"""The simulated providers as a child process, and the settings that send this process to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from datazones.errors import ProviderUnavailable
from datazones.settings import PREFIX, PROVIDERS_BASE, settings
from infra.children import free_port, start, stop

START_S = 30.0
FIRST = "2020-12-01T00:00:00Z"


@contextmanager
def rehearsal(now: str | None) -> Iterator[None]:
    """Within this, providers are simulated and the present is the simulator's."""
    folder = settings().home / "simulator"
    port = free_port()
    command = [sys.executable, "-m", "infra.simulator", "--port", str(port), "--state", str(folder), "--now", FIRST]
    child = start(command, folder / "simulator.log")
    base = f"http://127.0.0.1:{port}"
    try:
        clock = _clock(child, base, folder)
        if now:
            clock = _moved(base, now)
        os.environ.update({PROVIDERS_BASE: base, f"{PREFIX}NOW": clock})
        settings.cache_clear()
        click.echo(f"Simulated providers say it is {clock}.", err=True)
        yield
    finally:
        stop(child)


def _clock(child: subprocess.Popen[bytes], base: str, folder: Path) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until and child.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/_clock", timeout=2) as answer:
                return str(json.load(answer)["now"])
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise ProviderUnavailable(
        "the provider simulator",
        found=f"no answer at {base}",
        expected=f"one within {START_S:.0f} s",
        next_step=f"read {folder / 'simulator.log'}",
    )


def _moved(base: str, now: str) -> str:
    asked = urllib.request.Request(f"{base}/_clock", data=json.dumps({"now": now}).encode(), method="POST")
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return str(json.load(answer)["now"])
