"""How much memory the parts of an installation hold as time goes by, and how steeply it grows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from infra.upkeep.place import Part
from infra.upkeep.supervisor import resident_mb

YOUNG_S = 120.0
"""A process grows while it starts: that is no slope."""


@dataclass
class Memory:
    """Samples by part: when, of which process, MB."""

    samples: dict[str, list[tuple[float, int, float]]] = field(default_factory=lambda: defaultdict(list))

    def look(self, at: float, parts: Iterable[Part]) -> None:
        for part in parts:
            if held := resident_mb(part.pid):
                self.samples[part.name].append((at, part.pid, held))

    def told(self) -> dict[str, dict[str, float]]:
        """By part: most, MB, and the slope, MB an hour, over lives that were long enough to have one."""
        return {
            name: {"most_mb": round(max(mb for *_, mb in found)), "slope_mb_per_hour": round(_slope(found), 1)}
            for name, found in self.samples.items()
        }


def _slope(found: list[tuple[float, int, float]]) -> float:
    """Least squares within each life, lives weighted by what they say."""
    above = below = 0.0
    for _, life in groupby(found, key=lambda sample: sample[1]):
        points = list(life)
        points = [(at, mb) for at, _, mb in points if at - points[0][0] > YOUNG_S]
        if len(points) > 2:
            middle = sum(at for at, _ in points) / len(points)
            level = sum(mb for _, mb in points) / len(points)
            above += sum((at - middle) * (mb - level) for at, mb in points)
            below += sum((at - middle) ** 2 for at, _ in points)
    return 3600.0 * above / below if below else 0.0
