"""JSON-stat, read cell by cell with the standard library: every cell of the cube is asked for its figure and flag."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from datazones.errors import DatazonesError, ProviderUnavailable

FILES: dict[str, dict[str, object]] = {
    "eurostat/_transcribed-prc_hicp_manr-EA.json": {},
    "eurostat/eurostat-name_gpd_c-geo_IT_FR.jsonstat.json": {},
    "eurostat/eurostat-name_gpd_c.jsonstat.json": {},
    "eurostat/galicia-2.0.json": {},
    "eurostat/us-labor-ds.json": {},
}
REFUSED: dict[str, type[DatazonesError]] = {"eurostat/_transcribed-async-413.json": ProviderUnavailable}
_TIME = {"time", "year"}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    answer = json.loads(path.read_text(encoding="utf-8"))
    dataset = answer if "value" in answer else next(iter(answer.values()))
    ids = dataset.get("id") or dataset["dimension"]["id"]
    figures, flags = _at(dataset["value"]), _at(dataset.get("status", {}))
    found = []
    for position, codes in enumerate(itertools.product(*(_codes(dataset["dimension"][name]) for name in ids))):
        figure, flag = figures.get(position), flags.get(position)
        if figure is not None or flag is not None:
            at = dict(zip(ids, codes, strict=True))
            (period,) = (code for name, code in at.items() if name in _TIME)
            key = [code for name, code in at.items() if name not in _TIME]
            found.append((".".join(key if "freq" in at else ["A", *key]), period, figure, flag))
    return found


def _codes(dimension: dict[str, dict[str, dict[str, int]]]) -> list[str]:
    category = dimension["category"]
    index = category.get("index") or list(category["label"])
    return sorted(index, key=index.get) if isinstance(index, dict) else index


def _at(given: dict[str, float] | list[float]) -> dict[int, float]:
    inner = given.get("value", given) if isinstance(given, dict) else given
    return dict(enumerate(inner)) if isinstance(inner, list) else {int(place): said for place, said in inner.items()}
