"""How far a dialect has come, in a file, so that a long run may be stopped at any time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.fuzz.running import Fuzzed


class Kept:
    """The blocks of one dialect that are done, what became of their inputs, and the commits they ran on."""

    def __init__(self, file: Path, dialect: str, *, afresh: bool = False) -> None:
        self._file = file
        known = json.loads(file.read_text()) if file.exists() and not afresh else {}
        self.blocks: set[int] = set(known.get("blocks", []))
        self.commits: list[str] = known.get("commits", [])
        found = known.get("found", {"dialect": dialect})
        self.found = Fuzzed(**{**found, "refused": Counter(found.get("refused", {}))})

    def add(self, nth: int, found: Fuzzed, commit: str) -> None:
        """Take in a block, and write the file anew in one step."""
        self.blocks.add(nth)
        self.found.add(found)
        self.commits = [*dict.fromkeys([*self.commits, commit])]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        known = {"blocks": sorted(self.blocks), "commits": self.commits, "found": vars(self.found)}
        beside.write_text(json.dumps(known))
        beside.replace(self._file)
