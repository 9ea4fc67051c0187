"""WEO text files, split at tabs by hand."""

from __future__ import annotations

import re
from pathlib import Path

from datazones.errors import DatazonesError

FILES: dict[str, dict[str, object]] = {"imf/WEOApr2009alla.xls": {}}
REFUSED: dict[str, type[DatazonesError]] = {}


def observations(path: Path) -> list[tuple[str, str, float | None, str | None]]:
    header, *rows = [line.split("\t") for line in path.read_text(encoding="latin-1").splitlines()]
    return [
        (f"A.{row[0]}.{row[1]}", span, float(re.sub('[",]', "", cell)), None)
        for row in rows
        if len(row) > 1 and row[1]
        for span, cell in zip(header, row, strict=False)
        if span.isdigit() and cell not in ("", "n/a", "--")
    ]
