"""Tables that are computed from a warehouse: one SQL file each, found by scanning.

A file begins with what the table is, as comments: one line of prose, then `name: text` for its `kind` (of the zones
that have it) and for each of its columns. The rest is one SELECT. It may read the tables of the warehouse, those
that `uniting.sql` prepares, and marts whose names come before its own. Rows lie in the order of its columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources


@dataclass(frozen=True, slots=True)
class Mart:
    """One table: what it is, what each of its columns says, and the SELECT that it is made by."""

    name: str
    about: str
    kind: str
    columns: Mapping[str, str]
    sql: str

    @property
    def digest(self) -> str:
        """The sha256 of its SQL: other SQL makes other rows of the same figures."""
        return sha256(self.sql.encode()).hexdigest()


def marts(kind: str) -> list[Mart]:
    """Those of a kind of zone, in the order of their names."""
    files = sorted((file for file in resources.files(__package__).iterdir() if file.name.endswith(".sql")), key=str)
    found = (_mart(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in files)
    return [mart for mart in found if mart.kind == kind]


def _mart(name: str, text: str) -> Mart:
    comments, sql = re.fullmatch(r"((?:--[^\n]*\n)+)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    about, *rest = (line.removeprefix("--").strip() for line in comments.splitlines())
    said = dict(line.split(": ", 1) for line in rest if line)
    return Mart(name, about, said.pop("kind"), said, sql)
