"""The BIS's bulk table of 2015, read out of its zip with the standard library."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from itertools import dropwhile
from pathlib import Path

from datazones.errors import DatazonesError

FILES: dict[str, dict[str, object]] = {"bis/full_bis_eer_csv.zip": {}}
REFUSED: dict[str, type[DatazonesError]] = {}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        lines = io.StringIO(archive.read(name).decode("ascii"), newline="")
    table = csv.DictReader(dropwhile(lambda line: not line.startswith('"Frequency","Type"'), lines))
    return [
        (row["Time Period"].replace(":", "."), span, float(cell), None)
        for row in table
        for span, cell in row.items()
        if re.fullmatch(r"\d{4}-\d{2}", span) and cell
    ]
