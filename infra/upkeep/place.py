"""The files of one running installation: who supervises it, and what it says of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter


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
    made here, `problem` says why it cannot come up."""

    pid: int
    api_url: str
    ready: bool
    guarded: bool = False
    parts: tuple[Part, ...] = ()
    problem: str | None = None

    @property
    def ui_url(self) -> str:
        return self.api_url.removesuffix("/api")


_STATE = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class Place:
    """The files, in a folder of the installation's home."""

    folder: Path

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
    def _record(self) -> Path:
        return self.folder / "state.json"

    def supervisor(self) -> int:
        """The process that holds the lock."""
        return int(self.lock.read_text())

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
