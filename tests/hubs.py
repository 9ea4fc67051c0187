"""Hubs in the making for tests: zones are loaded and exported for real, and united for real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pydantic import HttpUrl, SecretStr

from datazones.catalogue import load
from datazones.model import Contribution, Pin, Table
from datazones.publishing import StoreAddress
from datazones.settings import Settings
from datazones.warehouse.connecting import Limits
from datazones.warehouse.uniting import unite
from tasks.describe import zone_row
from tests.unit.expectations_zone import Zone, feed_row

FEEDS = ("gdp", "pat")
"""What every zone of the tests shares."""

RACE = {"PAT.CN": {"2019": 20.0, "2020": 30.0}, "PAT.US": {"2019": 25.0, "2020": 25.0}}
AS_OF = datetime(2026, 4, 1, tzinfo=UTC)


def installation(address: StoreAddress, folder: Path) -> Settings:
    """The settings of one that reads this store, and whose zones all sign with the key of the tests."""
    return Settings(
        home=folder / "home",
        store_url=HttpUrl(address.url),
        store_bucket=address.bucket,
        store_access_key=SecretStr(address.access_key or ""),
        store_secret_key=SecretStr(address.secret_key or ""),
        signing_key=SecretStr("5e" * 32),
    )


def zone_file(
    folder: Path,
    zone_id: str,
    gdp: Mapping[str, float],
    *,
    race: Mapping[str, Mapping[str, float]] = RACE,
    known_at: str = "2024-02-01",
    unit: str = "亿元",
) -> Path:
    """A published file of this zone: its own product by year, and the patents of both sides."""
    area = load().zone(zone_id).ref_area
    (folder / zone_id).mkdir()
    zone = Zone(folder / zone_id)
    load_into(zone, area, gdp, known_at, unit)
    rows = [(key, period, figure, None) for key, figures in race.items() for period, figure in figures.items()]
    zone.load(rows, known_at, feed_id="pat", agency_id="WB", title="Patent applications, residents")
    return zone.candidate(zone_id)


def load_into(
    zone: Zone,
    area: str,
    gdp: Mapping[str, float],
    known_at: str,
    unit: str = "亿元",
    number: int = 0,
    obs_status: str | None = None,
) -> None:
    """One vintage of a zone's own product; `number` of loads are in the zone's folder already."""
    zone._number = number or zone._number
    rows = [(f"GDP.{area}", period, figure, obs_status) for period, figure in gdp.items()]
    zone.load(rows, known_at, unit_measure=unit, title=f"Gross regional product, {area}")


def contribution(zone_id: str, path: Path | None, feeds: tuple[str, ...] = FEEDS) -> Contribution:
    """What this zone brings in: the file, or nothing yet."""
    zone = load().zone(zone_id)
    nothing = Contribution(
        *(zone.zone_id, zone.name_en, zone.name_zh, zone.ref_area, zone.gb2260),
        feeds=feeds,
        state="missing",
        reason="nothing published yet",
    )
    if path is None:
        return nothing
    digest = sha256(path.read_bytes()).hexdigest()
    pin = Pin(zone_id, 1, digest, digest)
    return replace(nothing, state="current", reason=None, pin=pin, as_of=AS_OF, path=str(path))


def united_of(path: Path, members: list[Contribution]) -> tuple[Table, ...]:
    """The hub of these contributions, written to `path`."""
    feeds = [feed_row(feed) for feed in FEEDS]
    limits = Limits(memory_mb=512, threads=2, spill=path.parent / "spill")
    return unite(zone_row(load().hub("national")), feeds, members, path, limits, path.parent / "hub.parts").tables


def hub_of(path: Path, zones: Mapping[str, Path | None]) -> Path:
    """The hub of these zones' files; None: the zone has published nothing."""
    united_of(path, [contribution(zone_id, file) for zone_id, file in zones.items()])
    return path
