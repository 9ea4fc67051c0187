"""Eurostat's wide tables, read cell by cell with the standard library."""

from __future__ import annotations

import csv
from pathlib import Path

from datazones.errors import DatazonesError, ResponseMalformed

_VINTAGES = range(2006, 2014)
FILES: dict[str, dict[str, object]] = {
    "eurostat/gov_10dd_edpt1.tsv": {},
    "eurostat/ilc_di03.csv": {},
    "eurostat/teina200.tsv": {},
    **{f"eurostat/edp-vintages/{vintage}_1.csv": {} for vintage in _VINTAGES},
}
REFUSED: dict[str, type[DatazonesError]] = {"eurostat/table_of_contents_en.txt": ResponseMalformed}
Row = tuple[str, str, float | None, str | None]


def observations(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
    if header[0] == "country":
        return [
            (f"A.{row[0]}.{row[1]}.{head[:-5]}", head[-4:], float(cell), None)
            for row in rows
            for head, cell in zip(header[2:], row[2:], strict=True)
        ]
    before = "" if header[0].startswith("freq,") else "A."
    found: list[Row] = []
    for row in rows:
        key = before + row[0].replace(",", ".")
        for head, cell in zip(header[1:], row[1:], strict=True):
            figure, _, flag = cell.partition(" ")
            if figure != ":" or flag:
                found.append((key, head.rstrip(), None if figure == ":" else float(figure), flag or None))
    return found
