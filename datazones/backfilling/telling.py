"""Pure: how far a backfill is, what of it is in which state, and when it will be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from datazones.backfilling.chunks import ENDED, Chunk
from datazones.backfilling.costing import duration
from datazones.backfilling.parts import Part

Overall = Literal["planned", "running", "paused", "done", "failed", "held", "cancelled"]


@dataclass(frozen=True, slots=True)
class ZoneProgress:
    """One zone's part: its slices by state, its chunks, and the first reason of what failed or waits."""

    zone_id: str
    slices: Mapping[str, int]
    chunks: Mapping[str, int]
    calls: int
    size: int
    snapshot: str
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """All of it. `left_s` is how long the rest takes if it goes on like this; None before the first slice."""

    backfill_id: str
    state: Overall
    zones: tuple[ZoneProgress, ...]
    total: int
    held: int
    left_s: float | None

    @property
    def slices(self) -> Counter[str]:
        return sum((Counter(zone.slices) for zone in self.zones), Counter[str]())

    @property
    def done(self) -> int:
        return self.slices["done"] + self.slices["nothing"]

    @property
    def over(self) -> bool:
        """Whether nothing more happens without a person."""
        return self.state in ENDED

    def rows(self) -> list[dict[str, object]]:
        """A row a zone, for a table."""
        return [
            {
                "zone": zone.zone_id,
                "slices": ", ".join(f"{count:,} {state}" for state, count in zone.slices.items()),
                "calls": zone.calls,
                "bytes": zone.size,
                "published": zone.snapshot[:24],
                "why": zone.reason,
            }
            for zone in self.zones
        ]

    def __str__(self) -> str:
        eta = "" if self.left_s is None or self.over else f", about {duration(self.left_s)} left"
        rest = ", ".join(f"{count:,} {name}" for name, count in self.slices.items() if name != "done" and count)
        return f"{self.state}: {self.done:,} of {self.total:,} slices done{eta}" + (f" ({rest})" if rest else "")


def progress(parts: Sequence[tuple[Part, Sequence[Chunk], str]], now: float) -> Progress:
    """Out of each zone's part, its chunks, and the word that holds for it."""
    zones = tuple(_of_zone(part, chunks, now) for part, chunks, _ in parts)
    words = {word for _, _, word in parts}
    every = sum((Counter(zone.chunks) for zone in zones), Counter[str]())
    return Progress(
        backfill_id=parts[0][0].backfill_id,
        state=_overall(every, words),
        zones=zones,
        total=sum(len(part.windows) for part, _, _ in parts),
        held=sum(part.held for part, _, _ in parts),
        left_s=_left(parts, now),
    )


def _of_zone(part: Part, chunks: Sequence[Chunk], now: float) -> ZoneProgress:
    slices: Counter[str] = Counter()
    for chunk in chunks:
        numbers = [number for number, _ in part.of(chunk.number)]
        slices.update(_slice_state(chunk, number, now) for number in numbers)
    outcomes = [outcome for chunk in chunks for outcome in chunk.outcomes.values()]
    return ZoneProgress(
        zone_id=part.zone_id,
        slices=slices,
        chunks=Counter(_state(chunk, now) for chunk in chunks),
        calls=sum(outcome.calls for outcome in outcomes),
        size=sum(outcome.size for outcome in outcomes),
        snapshot=next((chunk.snapshot for chunk in reversed(chunks) if chunk.snapshot), ""),
        reason=next((chunk.reason for chunk in chunks if chunk.reason), ""),
    )


def _state(chunk: Chunk, now: float) -> str:
    """A chunk whose worker is dead is planned: whoever comes next goes on with it."""
    return "planned" if chunk.free(now) else chunk.state


def _slice_state(chunk: Chunk, number: int, now: float) -> str:
    outcome = chunk.outcomes.get(number)
    if outcome is None:
        return "cancelled" if chunk.state == "cancelled" else ("planned" if chunk.free(now) else chunk.state)
    if outcome.state == "landed":
        return "held" if chunk.state == "held" else "cancelled" if chunk.state == "cancelled" else "landed"
    return "done" if outcome.state == "loaded" else outcome.state


def _overall(chunks: Mapping[str, int], words: set[str]) -> Overall:
    """What the chunks amount to, the most urgent first."""
    if "cancel" in words and not chunks.get("running"):
        return "cancelled"
    if chunks.get("running"):
        return "running"
    if chunks.get("planned"):
        return "paused" if "pause" in words else "planned" if set(chunks) == {"planned"} else "running"
    if chunks.get("failed"):
        return "failed"
    return "held" if chunks.get("held") else "done"


def _left(parts: Sequence[tuple[Part, Sequence[Chunk], str]], now: float) -> float | None:
    """What is left at the pace so far. A slice that only has to be loaded counts as nine tenths."""
    every = [chunk for _, chunks, _ in parts for chunk in chunks]
    begun = [chunk.begun_at for chunk in every if chunk.begun_at]
    total = sum(len(part.windows) for part, _, _ in parts)
    states = [outcome.state for chunk in every for outcome in chunk.outcomes.values()]
    done = len(states) - states.count("landed") / 10
    if not begun or not done:
        return None
    return (now - min(begun)) / done * (total - done)
