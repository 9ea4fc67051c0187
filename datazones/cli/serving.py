"""A Prefect server of our own for the length of one command, when the environment names none.

Prefect's ephemeral server gives up after 20 s, which a busy machine needs, and prints tracebacks when it is taken down;
a child that is started, waited for and stopped does neither.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from datazones.errors import CatalogueInvalid, PrefectUnavailable
from datazones.settings import PROVIDERS_BASE, settings
from infra import prefect_settings
from infra.children import answers, free_port, start, stop
from infra.upkeep.place import Place

START_S = 300.0
"""For a machine that does a great deal else; a server that dies is noticed at once."""
SILENT = {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_LOGGING_TO_API_ENABLED": "false"}


def refuse_no_server() -> None:
    """CatalogueInvalid unless a Prefect server is set: for what has no use for one of its own."""
    from prefect.settings import get_current_settings

    if not get_current_settings().api.url:
        raise CatalogueInvalid(
            "the setting PREFECT_API_URL",
            found="nothing",
            expected="the address of your Prefect server's API",
            next_step="set it, e.g. PREFECT_API_URL=http://127.0.0.1:4200/api; `datazones up` keeps a server up here",
        )


@contextmanager
def prefect_api(home: Path, meanwhile: Callable[[], None]) -> Iterator[str]:
    """The address of a Prefect API, in the environment of this process: the one it names, else a child's.

    `meanwhile` is done while the child starts; not in a thread, for this changes the environment that children get.
    """
    if os.environ.get("PREFECT_API_URL"):
        meanwhile()
        yield os.environ["PREFECT_API_URL"]
        return
    folder = (home / "prefect").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    address = f"http://127.0.0.1:{port}/api"
    os.environ.update(prefect_settings.EVERY | SILENT | {"PREFECT_HOME": str(folder)})
    child = _start(port, folder)
    try:
        meanwhile()
        _wait(child, address, folder)
        os.environ["PREFECT_API_URL"] = address
        yield address
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        stop(child)


@contextmanager
def kept_up() -> Iterator[None]:
    """Where the environment names no Prefect API: in it, that of what `datazones up` keeps up in this home, if it does,
    and how it lets us in. Prefect, which looks once, is to be imported within."""
    place, before = Place.of(settings().home), dict(os.environ)
    if prefect_settings.URL in before or not place.is_up():
        yield
        return
    os.environ.update(place.known(prefect_settings.environment()))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def ask_as_kept_up() -> None:
    """Have this command ask the simulated providers of what `datazones up` keeps up in this home, as its workers do;
    where none are, or a setting names others, all stays as it is."""
    place = Place.of(settings().home)
    state = place.state() if settings().providers_base is None and place.is_up() else None
    if state and state.providers:
        click.echo(f"Asking the providers that are simulated here, at {state.providers}", err=True)
        os.environ[PROVIDERS_BASE] = state.providers
        settings.cache_clear()


def _start(port: int, folder: Path) -> subprocess.Popen[bytes]:
    """Prefect's server without its background services: nothing is scheduled here."""
    where = ["--host", "127.0.0.1", "--port", str(port), "--no-services"]
    return start([sys.executable, "-m", "prefect", "server", "start", *where], folder / "server.log")


def _wait(child: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and child.poll() is None:
        if answers(f"{address}/health"):
            return
        time.sleep(0.1)
    raise PrefectUnavailable(
        "the Prefect server of this command",
        found=f"no answer at {address}" if child.poll() is None else f"an end with code {child.returncode}",
        expected=f"a healthy server within {START_S:.0f} s",
        next_step=f"read {folder / 'server.log'}; or start one with `prefect server start` and set PREFECT_API_URL",
    )
