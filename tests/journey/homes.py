"""An installation in a folder of its own, and three runs of the demo in one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from datazones.catalogue import load
from datazones.catalogue.loading import SHIPPED
from datazones.publishing import StoreAddress
from tests.journey import facts

FIRST, LATER = date(2020, 12, 1), date(2026, 4, 1)
ZONES = sorted(load().zones)
GB2260 = {zone: tomllib.loads((SHIPPED / "zones" / f"{zone}.toml").read_text())["gb2260"] for zone in ZONES}
DATAZONES = Path(sys.executable).parent / "datazones"


@dataclass
class Home:
    """One installation in a folder of its own."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("DATAZONES_", "PREFECT_"))}
        return clean | {"DATAZONES_HOME": str(self.folder / ".datazones"), "HOME": str(self.folder), **self.settings}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(DATAZONES), *words],
            capture_output=True, text=True, check=False, cwd=self.folder, env=self.environment(), timeout=300,
        )  # fmt: skip

    def published(self, zone: str) -> Path:
        return self.folder / ".datazones" / "published" / f"{zone}.duckdb"

    def ask(self, zone: str, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.published(zone)), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def digests(self) -> dict[str, str]:
        """The published snapshot of every zone, by content."""
        status = json.loads(self.run("status", "--json").stdout)
        return {row["zone"]: row["snapshot"] for row in status}


def keys_of(address: StoreAddress) -> dict[str, str]:
    """The settings of an installation that was given this bucket and this key."""
    given = {"URL": address.url, "BUCKET": address.bucket, "ACCESS_KEY": address.access_key or ""}
    settings = given | {"SECRET_KEY": address.secret_key or ""}
    return {f"DATAZONES_STORE_{name}": text for name, text in settings.items()}


@dataclass
class Journey:
    """Three runs of the demo in one home: the first, one when nothing is new, one after the clock moved on."""

    home: Home
    first: subprocess.CompletedProcess[str]
    held_first: dict[str, facts.Known]
    digests_first: dict[str, str]
    again: subprocess.CompletedProcess[str]
    later: subprocess.CompletedProcess[str]


def held_figures(home: Home, zone: str) -> facts.Known:
    """Every figure that a zone's published file holds now."""
    rows = home.ask(zone, "SELECT dimensions, time_period, obs_value FROM latest JOIN series USING (series_id)")
    found: facts.Known = {}
    for dimensions, period, figure in rows:
        codes = json.loads(str(dimensions))
        key = (codes.get("zb") or codes["indicator"], codes.get("reg") or codes["ref_area"], str(period))
        if figure is not None:
            assert isinstance(figure, float)
            found[key] = figure
    return found
