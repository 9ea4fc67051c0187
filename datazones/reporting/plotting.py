"""A curve as the numbers of a small picture: no library, no script, a few points of an SVG.

x and y are in the picture's own units, from its upper left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from datazones.model import Curve

WIDTH: Final = 640
HEIGHT: Final = 150
LEFT: Final = 92
RIGHT: Final = 18
TOP: Final = 14
BOTTOM: Final = 24
BLOCKS: Final = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines as `points` of a polyline each, single figures as dots, the place that failed, and what stands beside.

    `place_period` is None where it would stand in the way of the first or last one.
    """

    lines: tuple[str, ...]
    lines_before: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    dots_before: tuple[tuple[float, float], ...]
    place: tuple[float, float] | None
    place_x: float | None
    place_period: str | None
    highest: float
    lowest: float
    first_period: str
    last_period: str


def plotted(curve: Curve) -> Plot | None:
    """None where there is no figure to draw."""
    figures = [f for point in curve.points for f in (point.obs_value, point.obs_value_before) if f is not None]
    if not figures:
        return None
    highest, lowest = max(figures), min(figures)
    now = [_at(n, p.obs_value, curve, lowest, highest) for n, p in enumerate(curve.points)]
    before = [_at(n, p.obs_value_before, curve, lowest, highest) for n, p in enumerate(curve.points)]
    failing = next((n for n, point in enumerate(curve.points) if point.time_period == curve.time_period), None)
    return Plot(
        lines=_lines(now),
        lines_before=_lines(before),
        dots=tuple(spot for spot in now if spot),
        dots_before=tuple(spot for spot in before if spot),
        place=None if failing is None else now[failing] or before[failing],
        place_x=None if failing is None else _across(failing, len(curve.points)),
        place_period=curve.time_period if failing and 0.15 < failing / len(curve.points) < 0.85 else None,
        highest=highest,
        lowest=lowest,
        first_period=curve.points[0].time_period,
        last_period=curve.points[-1].time_period,
    )


def sparkline(curve: Curve) -> str:
    """The curve in one line of text, a block a period; a gap where there is no figure."""
    figures = [point.obs_value for point in curve.points if point.obs_value is not None]
    if not figures:
        return ""
    lowest, highest = min(figures), max(figures)
    share = (None if p.obs_value is None else _share(p.obs_value, lowest, highest) for p in curve.points)
    return "".join("·" if s is None else BLOCKS[round(s * (len(BLOCKS) - 1))] for s in share)


def _at(nth: int, figure: float | None, curve: Curve, lowest: float, highest: float) -> tuple[float, float] | None:
    if figure is None:
        return None
    down = TOP + (1 - _share(figure, lowest, highest)) * (HEIGHT - TOP - BOTTOM)
    return _across(nth, len(curve.points)), round(down, 1)


def _across(nth: int, points: int) -> float:
    return round(LEFT + (nth / (points - 1) if points > 1 else 0.5) * (WIDTH - LEFT - RIGHT), 1)


def _share(figure: float, lowest: float, highest: float) -> float:
    """How far up, from 0 to 1; scaled first, because the difference of two doubles may be none."""
    scale = max(abs(lowest), abs(highest)) or 1.0
    spread = highest / scale - lowest / scale
    return (figure / scale - lowest / scale) / spread if spread else 0.5


def _lines(spots: Sequence[tuple[float, float] | None]) -> tuple[str, ...]:
    """A line breaks where there is no figure."""
    lines: list[list[str]] = [[]]
    for spot in spots:
        if spot is None:
            lines.append([])
        else:
            lines[-1].append(f"{spot[0]},{spot[1]}")
    return tuple(" ".join(line) for line in lines if len(line) > 1)
