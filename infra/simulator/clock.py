"""What time it is in the simulated world. It stands still until somebody moves it, and survives a restart."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

from datazones.errors import UnknownCode


def moment(text: str) -> datetime:
    """A moment with its zone, such as 2020-12-01T00:00:00Z, in UTC. UnknownCode for anything else."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise UnknownCode(
            "the simulator's clock",
            found=repr(text),
            expected="a moment with its zone, such as 2020-12-01T00:00:00Z",
            next_step="write the moment that way",
        )
    return given.astimezone(UTC)


class Clock:
    """Thread-safe. With a folder the moment is kept in `clock.json` there, and a kept one wins over `now`."""

    def __init__(self, now: datetime, folder: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._path = folder / "clock.json" if folder else None
        if self._path and self._path.exists():
            self._now = moment(json.loads(self._path.read_text(encoding="utf-8"))["now"])
        else:
            self.move(now)

    @property
    def now(self) -> datetime:
        return self._now

    def move(self, now: datetime) -> None:
        with self._lock:
            if self._path:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                fresh = self._path.with_suffix(".new")
                fresh.write_text(json.dumps({"now": now.isoformat()}), encoding="utf-8")
                fresh.replace(self._path)
            self._now = now
