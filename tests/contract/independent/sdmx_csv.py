"""SDMX-CSV and OECD.Stat CSV read row by row with Python's csv: slow, and knowing each file's key by heart."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from datazones.errors import DatazonesError, ResponseMalformed

Observation = tuple[str, str, float | None, str | None]

_SAMPLES = "ecb/spec-samples/sdmx-csv-2.0/example-{}.csv"
_DER_STRUCTURE = "bis/der.sdmx.json"

FILES: dict[str, dict[str, object]] = {
    "bis/WEBSTATS_DER.csv": {"aside": {"structure": _DER_STRUCTURE}},
    "eurostat/EI_BPM6CA_Q-labels.csv": {},
    "eurostat/_transcribed-LFSA_ARGAN.csv": {},
    "oecd/_transcribed-csvfilewithlabels.csv": {},
    "oecd/rd-expenditure-tidy.csv": {},
    "unesco-uis/gerd.csv": {},
    **{_SAMPLES.format(n): {} for n in ("01", "04", "05", "06", "07", "08", "09A", "10", "11", "15")},
}

REFUSED: dict[str, type[DatazonesError]] = {
    # several measures, or one that only a structure message names; attributes without figures; deletions by wildcard
    _SAMPLES.format(n): ResponseMalformed
    for n in ("02", "03", "09B", "12", "13", "14", "16", "17", "18")
}

_KEYS = {
    "EI_BPM6CA_Q-labels.csv": [
        *("freq", "unit", "s_adj", "sector10", "sectpart", "partner", "stk_flow", "bop_item", "geo"),
    ],
    "_transcribed-LFSA_ARGAN.csv": ["freq", "unit", "sex", "age", "citizen", "geo"],
    "_transcribed-csvfilewithlabels.csv": ["FREQ", "REF_AREA"],
    "gerd.csv": ["INDICATOR", "LOCATION"],
}
_FIGURES = ("OBS_VALUE", "Value", "OBS_VALUE: Observation value")
_STATUSES = ("OBS_STATUS", "OBS_FLAG", "Flag Codes")
_PERIODS = ("TIME_PERIOD", "TIME")


def observations(path: Path) -> list[Observation]:
    """Every row, with the key in structure order; of the wide table every cell that is not empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        separator = ";" if file.readline().count(";") > 3 else ","
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=separator))
    if path.name == "rd-expenditure-tidy.csv":
        return [
            (f"{row['LOCATION']}.{name}", row["TIME"], float(cell), None)
            for row in rows
            for name, cell in row.items()
            if name not in ("LOCATION", "Country", "TIME") and cell
        ]
    return [_observation(row, _key(path, row), decimal_comma=separator == ";") for row in rows]


def _key(path: Path, row: dict[str, str]) -> list[str]:
    if path.name == "WEBSTATS_DER.csv":
        data = json.loads((path.parents[1] / _DER_STRUCTURE).read_text())["data"]
        listed = data["dataStructures"][0]["dataStructureComponents"]["dimensionList"]["dimensions"]
        return [dimension["id"] for dimension in sorted(listed, key=lambda dimension: dimension["position"])]
    return _KEYS.get(path.name) or sorted(name for name in row if name.startswith("DIM_"))


def _observation(row: dict[str, str], key: list[str], *, decimal_comma: bool) -> Observation:
    figure = next(row[name] for name in _FIGURES if name in row)
    return (
        ".".join(row[name].split(": ")[0] for name in key),
        next((row[name] for name in _PERIODS if name in row), "_Z"),
        float(figure.replace(",", ".") if decimal_comma else figure) if figure else None,
        next((row[name] for name in _STATUSES if name in row), None) or None,
    )
