"""The files of one running installation: who supervises it, and what it says of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from infra import locks, prefect_settings
from infra.upkeep import secrets

USER = "datazones:"
"""Whom the API knows by an auth string that was made here."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part as the supervisor last saw it; `restarts` counts how often it had to be started again."""

    name: str
    pid: int
    healthy: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class State:
    """The installation as the supervisor last saw it. `guarded` is whether the API asks for an auth string that was
    made here, `providers` where providers are simulated, `problem` why it cannot come up."""

    pid: int
    api_url: str
    ready: bool
    guarded: bool = False
    parts: tuple[Part, ...] = ()
    providers: str | None = None
    problem: str | None = None

    @property
    def ui_url(self) -> str:
        return self.api_url.removesuffix("/api")


_STATE = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class Place:
    """The files, in a folder of the installation's home."""

    folder: Path

    @classmethod
    def of(cls, home: Path) -> Place:
        """That of the installation which lives there."""
        return cls(home.resolve() / "up")

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives, however it ends."""
        return self.folder / "supervisor.lock"

    @property
    def log(self) -> Path:
        return self.folder / "supervisor.log"

    def log_of(self, part: str) -> Path:
        return self.folder / f"{part}.log"

    @property
    def standby(self) -> Path:
        """The socket of the process that stands by for runs. Where its path is too long for one, runs begin anew."""
        return self.folder / "standby"

    @property
    def gate(self) -> Path:
        """The same of the examining process that stands by: where its path is too long, runs begin one of their own."""
        return self.folder / "gate"

    @property
    def auth_file(self) -> Path:
        """The auth string that was made here, for whoever wants to call the API."""
        return self.folder / "auth"

    def auth(self) -> str:
        """The same, `user:password`; made now if it was not yet."""
        return secrets.kept(self.auth_file, before=USER)

    @property
    def _record(self) -> Path:
        return self.folder / "state.json"

    def supervisor(self) -> int:
        """The process that holds the lock."""
        return int(self.lock.read_text())

    def is_up(self) -> bool:
        """Whether a supervisor lives, however the last one ended."""
        return self.folder.exists() and locks.is_held(self.lock)

    def known(self, given: Mapping[str, str]) -> dict[str, str]:
        """How a command that was given this environment finds the server that is kept up here, and is let in: by the
        auth string made here, else by its owner's. Nothing before the supervisor's first word."""
        state = self.state()
        if state is None:
            return {}
        auth = self.auth() if state.guarded else prefect_settings.auth_in(given)
        return prefect_settings.called(state.api_url, auth)

    def state(self) -> State | None:
        """What the supervisor last said; None before its first word."""
        return _STATE.validate_json(self._record.read_bytes()) if self._record.exists() else None

    def say(self, state: State) -> None:
        """Put it where others read it, whole at every moment."""
        beside = self._record.with_suffix(".new")
        beside.write_bytes(_STATE.dump_json(state))
        beside.replace(self._record)

    def forget(self) -> None:
        self._record.unlink(missing_ok=True)
