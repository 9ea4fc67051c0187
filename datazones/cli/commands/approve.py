"""`datazones approve`"""

from __future__ import annotations

import getpass

import click


def _said(_context: click.Context, option: click.Parameter, given: str) -> str:
    if not given.strip():
        raise click.BadParameter("say it in words", param=option)
    return given.strip()


@click.command()
@click.argument("zone")
@click.option("--because", required=True, callback=_said, help="Why it is right all the same; its manifest says so.")
@click.option("--by", callback=_said, default=getpass.getuser, show_default="you", help="Who answers for it.")
@click.option("--candidate", metavar="ID", help="Which one, where several wait: the beginning of its id.")
def command(zone: str, because: str, by: str, candidate: str | None) -> None:
    """Publish a candidate that the gate held back, exactly as it was examined.

    Read its report first: `datazones report ZONE --held`. Nothing else publishes what was held back.

    \b
    datazones approve hunan --because "fifth economic census: the whole series was restated" --by "A. Owner"
    """
    from datazones.cli.serving import prefect_api
    from datazones.publishing import held
    from tasks.equip import equipped

    with equipped() as equipment:
        held(equipment.store, equipment.catalogue.zone(zone).prefix, candidate)  # before anything slow is started
        with prefect_api(equipment.settings.home, lambda: None):
            from flows.approve import approve

            snapshot = approve(zone, because, by, candidate)
    click.echo(f"{zone}: published as {snapshot.generation}-{snapshot.snapshot_id[:12]}, approved by {by}")
