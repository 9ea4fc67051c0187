"""Which questions were asked: how many there were, and the last of them."""

from __future__ import annotations

import threading
from collections import deque

KEPT = 10_000

Entry = dict[str, object]


class Journal:
    """Thread-safe; counts every question and keeps the last `KEPT`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def note(self, entry: Entry) -> None:
        with self._lock:
            self._count += 1
            self._entries.append(entry)

    def plain(self) -> Entry:
        with self._lock:
            return {"count": self._count, "requests": list(self._entries)}
