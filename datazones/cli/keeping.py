"""Bringing an installation up and taking it down: the supervisor is started, awaited, asked to end."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import click

from datazones.errors import CatalogueInvalid, StoreUnavailable
from datazones.settings import settings
from infra import locks, prefect_settings
from infra.children import refusal, start
from infra.upkeep.place import Place, State
from infra.upkeep.plan import Plan
from infra.upkeep.supervisor import DRAIN_S, PLAN

READY_S = 900.0
"""For a machine that does a great deal else; what ends is noticed at once."""

GONE_S = 3 * DRAIN_S
LOOK_S = 0.25


def bring_up(plan: Plan) -> None:
    """Start a supervisor if there is none, wait until all it keeps is healthy, and say where everything is."""
    _refuse_crowd(plan)
    place = plan.place
    place.folder.mkdir(parents=True, exist_ok=True)
    running = locks.is_held(place.lock)
    if not running:
        _refuse_taken(plan)
        _started(plan, place)
    state = _ready(place)
    for part in state.parts:
        click.echo(f"  {part.name:<10} up, process {part.pid}, says what it does in {_near(place.log_of(part.name))}")
    how = "Already up, as it was asked for then (`datazones down` first for anything else)" if running else "Up"
    click.echo(f"\n{how}. Prefect's UI is at {state.ui_url}")
    key = _key(place) if state.guarded else ""
    click.echo(f"Refresh a zone:  {key}PREFECT_API_URL={state.api_url} prefect deployment run refresh/beijing --watch")
    click.echo("End it all:      datazones down")


def _key(place: Place) -> str:
    """What a command needs to be let in, as one types it; the UI asks for the same."""
    click.echo(f"The UI asks for what is in {_near(place.auth_file)}")
    return f'{prefect_settings.AUTH}="$(cat {_near(place.auth_file)})" '


def _refuse_crowd(plan: Plan) -> None:
    """SQLite, which Prefect's server has unless told otherwise, answers 503 to more than one worker at a time."""
    if plan.workers > 1 and not plan.has_database:
        raise CatalogueInvalid(
            f"{plan.workers} workers",
            found="a Prefect server on SQLite, which refuses much of what they say at once",
            expected="one on PostgreSQL",
            next_step="add --postgres, or set PREFECT_SERVER_DATABASE_CONNECTION_URL to a server of yours",
        )


def _refuse_taken(plan: Plan) -> None:
    if why := refusal(plan.host, plan.port):
        raise CatalogueInvalid(
            f"port {plan.port} of {plan.host}",
            found=f"no way to listen there: {why}",
            expected="one for Prefect's server",
            next_step="end what listens there, which may be another user's, or choose another: `datazones up --port N`",
        )


def take_down() -> None:
    """Ask the supervisor to end and wait until it has; nothing when there is none."""
    place = Place.of(settings().home)
    if not place.is_up():
        click.echo("Nothing is up.")
        return
    state = place.state()
    for end in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(place.supervisor(), end)
        if _gone(place):
            place.forget()
            click.echo(f"Ended: {', '.join(part.name for part in state.parts)}." if state else "Ended.")
            return
    raise _failed(place, f"a supervisor that does not end, process {place.supervisor()}")


def _started(plan: Plan, place: Place) -> None:
    """A supervisor that has said its first word: its name, in the file it has locked."""
    place.forget()
    click.echo("Starting Prefect's server, the object store, deployments and workers ...", err=True)
    command = [sys.executable, "-m", "infra.upkeep.supervisor", PLAN.dump_json(plan).decode()]
    child = start(command, place.log, tied=False)  # it makes of what we were given what each part gets
    until = time.monotonic() + READY_S
    while not locks.is_held(place.lock):
        if child.poll() or time.monotonic() > until:
            raise _failed(place, "a supervisor that ended" if child.poll() else "no word of the supervisor")
        time.sleep(LOOK_S)


def _ready(place: Place) -> State:
    """The state in which everything is healthy."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until and locks.is_held(place.lock):
        state = place.state()
        if state and state.ready and all(part.healthy for part in state.parts):
            return state
        time.sleep(LOOK_S)
    state = place.state()
    raise _failed(place, (state and state.problem) or "parts that do not all answer")


def _gone(place: Place) -> bool:
    until = time.monotonic() + GONE_S
    while locks.is_held(place.lock):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_S)
    return True


def _near(path: Path) -> str:
    """A path as one types it from here."""
    return os.path.relpath(path)


def _failed(place: Place, found: str) -> StoreUnavailable:
    return StoreUnavailable(
        "this installation",
        found=found,
        expected=f"every part healthy within {READY_S:.0f} s",
        next_step=f"read {_near(place.log)} and the logs beside it; `datazones down` ends what is left",
    )
