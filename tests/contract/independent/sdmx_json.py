"""SDMX-JSON observation by observation with json: every index looked up one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datazones.errors import DatazonesError, ResponseMalformed

FILES: dict[str, dict[str, object]] = {
    **{f"ecb/spec-samples/{name}.json": {} for name in ("action-delete", "flat", "ts", "xs")},
    **{
        f"ecb/spec-samples/v2-exr-{name}.json": {} for name in ("action-delete", "cross-section", "flat", "time-series")
    },
    "oecd/PART2.json": {},
    "oecd/QNA-oecd1.json": {},
    "oecd/tourism.json": {},
}
"""In v2-exr-action-delete.json the specification confuses the order of two attributes, so that an observation points
past the list of statuses: it has none, and the index is kept beside it.
"""
REFUSED: dict[str, type[DatazonesError]] = {"bis/der.sdmx.json": ResponseMalformed}

Row = tuple[str, str, float | None, str | None]
Json = dict[str, Any]


def observations(path: Path) -> list[Row]:
    message = json.loads(path.read_text(encoding="utf-8-sig"))
    message = message.get("data", message)
    structure = message["structures"][0] if "structures" in message else message["structure"]
    return [row for data_set in message["dataSets"] for row in _rows(data_set, structure)]


def _rows(data_set: Json, structure: Json) -> Iterator[Row]:
    levels = structure["dimensions"]
    fixed = {item["id"]: (item, 0) for item in levels.get("dataSet", [])}
    series = data_set.get("series", {"": data_set})
    for key, entry in series.items():
        outer = _placed(key, levels.get("series", []))
        for inner, array in entry["observations"].items():
            placed = {**fixed, **outer, **_placed(inner, levels["observation"])}
            yield *_named(placed), array[0] if array else None, _status(array, structure)


def _placed(key: str, dimensions: list[Json]) -> dict[str, tuple[Json, int]]:
    indices = [int(index) for index in key.split(":")] if key else []
    return {item["id"]: (item, index) for item, index in zip(dimensions, indices, strict=True)}


def _named(placed: dict[str, tuple[Json, int]]) -> tuple[str, str]:
    codes = {id_: item["values"][index]["id"] for id_, (item, index) in placed.items()}
    order = sorted((id_ for id_ in placed if id_ != "TIME_PERIOD"), key=lambda id_: placed[id_][0]["keyPosition"])
    return ".".join(codes[id_] for id_ in order), codes.get("TIME_PERIOD", "_Z")


def _status(array: list[Any], structure: Json) -> str | None:
    for place, item in enumerate(structure["attributes"]["observation"], start=1):
        if item["id"] == "OBS_STATUS" and len(array) > place and array[place] is not None:
            listed = item["values"]
            return str(listed[array[place]]["id"]) if array[place] < len(listed) else None
    return None
