"""NBS easyquery answers, read node by node with the standard library."""

from __future__ import annotations

import json
from pathlib import Path

from datazones.errors import DatazonesError, ProviderRefused, ResponseMalformed

FILES: dict[str, dict[str, object]] = {
    "nbs/fsnd-110000-A010101-2023.json": {},
    "nbs/fsyd-110000-A010101-202312.json": {},
    "nbs/fsyd-reg-list.json": {},
    "nbs/hgyd-A020101-2024.json": {},
    "nbs/hgyd-A0D0101-202112,202201.json": {},
}
REFUSED: dict[str, type[DatazonesError]] = {
    "nbs/hgyd-INVALID_CODE.json": ProviderRefused,
    **{f"nbs/getTree-hgyd-{number}.json": ResponseMalformed for number in range(6)},
}
_FREQ = {4: "A", 6: "M"}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    found: list[tuple[str, str, float | None, str | None]] = []
    for node in json.loads(path.read_text(encoding="utf-8"))["returndata"]["datanodes"]:
        codes = {each["wdcode"]: each["valuecode"] for each in node["wds"]}
        key = [_FREQ[len(codes["sj"])], codes["zb"], *([codes["reg"]] if "reg" in codes else [])]
        figure = float(node["data"]["data"]) if node["data"]["hasdata"] else None
        found.append((".".join(key), codes["sj"], figure, None))
    return found
