"""FRED observations, read row by row with the standard library."""

from __future__ import annotations

import json
from pathlib import Path

from datazones.errors import DatazonesError, ProviderRefused, ResponseMalformed

_GDP: dict[str, object] = {"labels": {"series_id": "GDP", "freq": "Q"}}
FILES: dict[str, dict[str, object]] = {
    "fred/GDP-observations-2024-11-03.json": {
        "aside": {"metadata": "fred/GDP-series-info-2024-11-03.json"},
        "labels": {"series_id": "GDP"},
    },
    "fred/GDP-all-vintages-2024-11-03.json": _GDP,
    "fred/GDP-initial-release-2024-11-03.json": _GDP,
    "fred/GDP-asof-2019-01-01.json": _GDP,
}
REFUSED: dict[str, type[DatazonesError]] = {
    "fred/GDP-series-info-2024-11-03.json": ResponseMalformed,
    "fred/GDP-vintagedates-2024-11-03.json": ResponseMalformed,
    "fred/_transcribed-error-400.json": ProviderRefused,
    "fred/release-dates-10-2024-11-03.json": ResponseMalformed,
    "fred/releases-2024-11-03.json": ResponseMalformed,
}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    answer = json.loads(path.read_text(encoding="utf-8"))
    return [
        (f"GDP.{answer['units']}", row["date"], None if row["value"] == "." else float(row["value"]), None)
        for row in answer["observations"]
    ]
