"""Refreshing zones one after the other and saying how each ended: what `run` and `demo` share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import click

from datazones.catalogue import Zone
from datazones.cli import printing
from datazones.cli.reaching import reached
from datazones.cli.serving import ask_as_kept_up, prefect_api
from datazones.errors import DatazonesError, ExpectationsFailed, Permanent
from tasks.equip import Equipment, equipped


@dataclass(frozen=True)
class Ended:
    """One zone after its refresh; `error` is None unless it failed or was held."""

    zone_id: str
    outcome: str
    changed: str
    checks: int
    seconds: float
    error: DatazonesError | None = None


def refresh_all(zones: Sequence[str], feeds: Sequence[str], *, as_json: bool = False) -> int:
    """Refresh these zones (empty: all, then the hubs) with these feeds (empty: all they want), print how it went; the
    exit code."""
    ask_as_kept_up()
    begun = time.perf_counter()
    with equipped() as equipment:
        chosen = [equipment.catalogue.zone(zone) for zone in zones] or equipment.catalogue.publishing
        wanted = [equipment.catalogue.feed(feed).feed_id for feed in feeds]
        if not all(equipment.published(zone).exists() for zone in chosen):
            equipment.examiner.warm()
        of = chosen[0].zone_id if len(chosen) == 1 else f"{len(chosen)} zones"
        click.echo(f"Starting: {of}, Prefect and the object store ...", err=True)
        with prefect_api(equipment.settings.home, meanwhile=equipment.warm):
            ended = [_one(zone, wanted) for zone in chosen]
        printing.rows([_row(equipment, end) for end in ended], as_json=as_json)
        _explain(ended)
        if not as_json:
            _timing(equipment, time.perf_counter() - begun)
    return _exit_code(ended)


def _one(zone: Zone, feeds: Sequence[str]) -> Ended:
    from flows.refresh import refresh
    from flows.unite import unite

    begun = time.perf_counter()
    try:
        with reached():
            done = refresh(zone.zone_id, list(feeds) or None) if zone.collects else unite(zone.zone_id)
    except DatazonesError as error:
        outcome = "held back" if isinstance(error, ExpectationsFailed) else error.code
        end = Ended(zone.zone_id, outcome, "", 0, time.perf_counter() - begun, error)
    else:
        end = Ended(
            zone.zone_id, done.outcome, str(done.revisions) if done.revisions else "", done.checks, done.seconds
        )
    click.echo(f"  {zone.zone_id}: {end.outcome} {end.changed}".rstrip(), err=True)
    return end


def _row(equipment: Equipment, end: Ended) -> dict[str, object]:
    """A zone as the table shows it: what is published now, and what this run did."""
    found = _published(equipment, end.zone_id)
    return {
        "zone": end.zone_id,
        "observations": found.get("observations"),
        "revisions": found.get("revisions"),
        "checks passed": end.checks or None,
        "snapshot": found.get("snapshot"),
        "outcome": f"{end.outcome} {end.changed}".rstrip(),
        "seconds": round(end.seconds, 1),
    }


def _published(equipment: Equipment, zone_id: str) -> dict[str, object]:
    from datazones.publishing import last_pulled
    from datazones.warehouse import query

    path = equipment.published(equipment.catalogue.zone(zone_id))
    pulled = last_pulled(path)
    if pulled is None:
        return {}
    counts = query(
        path,
        "SELECT (SELECT count(*) FROM latest) AS observations, "
        "(SELECT count(*) FROM superseded WHERE change = 'revised') AS revisions",
        equipment.limits,
    )
    return {**counts.row(0, named=True), "snapshot": f"{pulled.generation}-{pulled.snapshot_id[:12]}"}


def _explain(ended: Sequence[Ended]) -> None:
    """Why zones were not refreshed; what holds of several is said once."""
    said: dict[str, list[str]] = {}
    for end in ended:
        if end.error:
            said.setdefault(str(end.error), []).append(end.zone_id)
    for why, zones in said.items():
        click.echo(f"\n{', '.join(zones)}: {why}", err=True)


def _timing(equipment: Equipment, seconds: float) -> None:
    own = sum(equipment.spent.values())
    parts = ", ".join(f"{verb} {spent:.1f}" for verb, spent in equipment.spent.items())
    click.echo(f"\n{seconds:.1f} s in all: {own:.1f} s our own work ({parts}),")
    click.echo("the rest is the start-up of Prefect and Great Expectations.")


def _exit_code(ended: Sequence[Ended]) -> int:
    """The gravest of all zones: permanent before transient before held."""
    errors = [end.error for end in ended if end.error]
    gravest = sorted(errors, key=lambda e: (isinstance(e, Permanent) and e.exit_code != 3, e.exit_code))
    return gravest[-1].exit_code if gravest else 0
