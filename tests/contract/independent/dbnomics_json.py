"""DBnomics pages, read figure by figure with the standard library."""

from __future__ import annotations

import json
from pathlib import Path

from datazones.errors import DatazonesError

FILES: dict[str, dict[str, object]] = {"dbnomics/CHELEM-TRADE_CHEL-trimmed.json": {}}
REFUSED: dict[str, type[DatazonesError]] = {}
_FREQ = {"annual": "A"}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    page = json.loads(path.read_text(encoding="utf-8"))
    order = page["dataset"]["dimensions_codes_order"]
    return [
        (
            ".".join([_FREQ[series["@frequency"]], *(series["dimensions"][code] for code in order)]),
            period,
            None if figure == "NA" else figure,
            None,
        )
        for series in page["series"]["docs"]
        for period, figure in zip(series["period"], series["value"], strict=True)
    ]
