"""`datazones quarantine`"""

from __future__ import annotations

from typing import Literal

import click

from datazones.cli import signing_off
from datazones.cli.listing import Listing

_LIST = (
    "SELECT quarantine_id AS id, decision, rule, feed_id, series_key, time_period, obs_value, complaint, set_aside_at "
    "FROM quarantine"
)


@click.group(cls=Listing)
def command() -> None:
    """Observations that came and were not let in, each beside the rule it broke; a person decides.

    A few observations that are wrong each by itself are set aside and the rest is published. What they replaced is
    still known. Release one that is right, reject one that is not; both are written down in the next snapshot.

    \b
    datazones quarantine list hunan
    datazones quarantine show hunan 3
    datazones quarantine reject hunan 3 --because "a count cannot be negative"
    """


@command.command("list")
@click.argument("zone")
@click.option("--all", "everything", is_flag=True, help="Those that were decided as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(zone: str, everything: bool, as_json: bool) -> None:
    """Show what waits for a decision in a zone's published snapshot."""
    from datazones.cli import printing

    found = _asked(zone, _LIST + ("" if everything else " WHERE decision = 'waiting'") + " ORDER BY id")
    if found or as_json:
        printing.rows(found, as_json=as_json)
    else:
        click.echo(f"{zone}: nothing {'was ever set aside' if everything else 'waits for a decision'}.")


@command.command()
@click.argument("zone")
@click.argument("number", type=int)
def show(zone: str, number: int) -> None:
    """Show one row whole: what it said, the raw answer it came in, its place there, and what was decided."""
    from datazones.cli import printing
    from datazones.errors import UnknownCode

    found = _asked(zone, f"FROM quarantine WHERE quarantine_id = {number}")
    if not found:
        raise UnknownCode(
            f"{zone}, quarantine {number}",
            found="no such row in the published snapshot",
            expected="a number that `list` shows",
            next_step=f"`datazones quarantine list {zone} --all` shows every row",
        )
    printing.rows(found, as_json=True)


def _asked(zone: str, sql: str) -> list[dict[str, object]]:
    from datazones.cli.pulling import pulled
    from datazones.warehouse import query
    from tasks.equip import equipped

    with equipped() as equipment:
        return query(pulled(equipment, zone), sql, equipment.limits).to_dicts()


@command.command()
@click.argument("zone")
@click.argument("number", type=int)
@signing_off.because
@signing_off.by
def release(zone: str, number: int, because: str, by: str) -> None:
    """Let an observation in: it is right, and the rule is not asked about it any more."""
    _decide(zone, number, "released", because, by)


@command.command()
@click.argument("zone")
@click.argument("number", type=int)
@signing_off.because
@signing_off.by
def reject(zone: str, number: int, because: str, by: str) -> None:
    """Leave an observation out for good."""
    _decide(zone, number, "rejected", because, by)


def _decide(zone: str, number: int, decision: Literal["released", "rejected"], because: str, by: str) -> None:
    from datazones.cli.serving import prefect_api
    from tasks.equip import equipped

    with equipped() as equipment:
        equipment.catalogue.collecting(zone)
        with prefect_api(equipment.settings.home, equipment.examiner.warm):
            from flows.decide import decide

            snapshot = decide(zone, number, decision, because, by)
    if snapshot:
        click.echo(f"{zone}: {number} {decision}, published as {snapshot.generation}-{snapshot.snapshot_id[:12]}")
