"""World Bank JSON, read row by row with the standard library."""

from __future__ import annotations

import json
from pathlib import Path

from datazones.errors import DatazonesError, ProviderRefused, ResponseMalformed

FILES: dict[str, dict[str, object]] = {
    "worldbank/FRA-NY.GDP.MKTP.CD.json": {},
    "worldbank/NY.GDP.MKTP.CD-p1of2.json": {"aside": {"metadata": "worldbank/country-all.json"}},
    "worldbank/_transcribed-JPN-FP.CPI.TOTL.ZG.json": {},
    "worldbank/gep-FRA-NYGDPMKTPKDZ.json": {},
}
REFUSED: dict[str, type[DatazonesError]] = {
    "worldbank/_transcribed-error-120.json": ProviderRefused,
    "worldbank/country-all.json": ResponseMalformed,
    "worldbank/gep-indicator.json": ResponseMalformed,
    "worldbank/sources.json": ResponseMalformed,
}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    _, rows = json.loads(path.read_text(encoding="utf-8"))
    return [
        (
            f"A.{row['indicator']['id']}.{row['countryiso3code'] or row['country']['id']}",
            row["date"],
            None if row["value"] is None else float(row["value"]),
            row["obs_status"] or None,
        )
        for row in rows
    ]
