"""Our World in Data's tables and a tidy table of the World Bank's GDP, read cell by cell with the standard library."""

from __future__ import annotations

import csv
from pathlib import Path

from datazones.errors import DatazonesError

FILES: dict[str, dict[str, object]] = {
    "owid/number-of-internet-users-by-country.csv": {},
    "owid/patent-and-publication-rates.csv": {
        "aside": {"metadata": "owid/patent-and-publication-rates.datapackage.json"}
    },
    "owid/share-of-individuals-using-the-internet-v2025.csv": {},
    "owid/share-of-individuals-using-the-internet.csv": {},
    "worldbank/datahub-gdp.csv": {},
}
REFUSED: dict[str, type[DatazonesError]] = {}
_NAMES, _CODES = ("Entity", "Country Name"), ("Code", "Country Code")


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    indicators = [name for name in rows[0] if name not in (*_NAMES, *_CODES, "Year")]
    found: list[tuple[str, str, float | None, str | None]] = []
    for row in rows:
        name, code = (next((row[column] for column in columns if column in row), "") for columns in (_NAMES, _CODES))
        for indicator in indicators:
            key = ["A", code or name, *([indicator] if len(indicators) > 1 else [])]
            if row[indicator]:
                found.append((".".join(key), row["Year"], float(row[indicator]), None))
    return found
