"""Small cubes that follow one another are conformed as one: what that costs is paid more by the cube than the row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from datazones.model import Cube

TOGETHER = 20_000
"""Observations: no more are put together, so that the memory of a reading stays that of its pieces."""


def joined(cubes: Iterable[Cube], together: int) -> Iterator[Cube]:
    """The same in fewer cubes: neighbours that say the same of themselves in the same columns, to `together` rows."""
    waiting: list[Cube] = []
    height = 0
    for cube in cubes:
        fits = height + cube.frame.height <= together
        if waiting and not (fits and _said(cube) == _said(waiting[-1])):
            yield _one(waiting)
            waiting, height = [], 0
        if cube.frame.height < together:
            waiting.append(cube)
            height += cube.frame.height
        else:
            yield cube  # at once: a large one that waited would be held beside the next
    if waiting:
        yield _one(waiting)


def _said(cube: Cube) -> tuple[object, ...]:
    """All of a cube but its rows."""
    told = (cube.dimensions, cube.agency_id, cube.dataflow_id, cube.series_attributes, cube.released_at)
    return (*told, list(cube.frame.schema.items()))


def _one(cubes: list[Cube]) -> Cube:
    if len(cubes) == 1:
        return cubes[0]
    return cubes[0].with_frame(pl.concat([cube.frame for cube in cubes], rechunk=True))
