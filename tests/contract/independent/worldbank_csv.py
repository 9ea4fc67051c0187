"""The World Bank's bulk CSV, read line by line with the standard library."""

from __future__ import annotations

import csv
from itertools import dropwhile
from pathlib import Path

from datazones.errors import DatazonesError, ResponseMalformed

FILES: dict[str, dict[str, object]] = {
    "worldbank/API_NY.GDP.MKTP.CD_DS2_en_csv_v2_10203569.csv": {"aside": {"metadata": "worldbank/Metadata_Country.csv"}}
}
REFUSED: dict[str, type[DatazonesError]] = {"worldbank/Metadata_Country.csv": ResponseMalformed}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(dropwhile(lambda line: not line.startswith('"Country Name"'), lines))
        return [
            (f"A.{row['Indicator Code']}.{row['Country Code']}", span, float(cell), None)
            for row in table
            for span, cell in row.items()
            if span.isdigit() and cell
        ]
