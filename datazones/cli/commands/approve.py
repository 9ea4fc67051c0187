"""`datazones approve`"""

from __future__ import annotations

import click

from datazones.cli import signing_off


@click.command()
@click.argument("zone")
@signing_off.because
@signing_off.by
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
        of = equipment.catalogue.zone(zone)
        held(equipment.store, of.prefix, candidate, equipment.trusted(of))  # before anything slow is started
        with prefect_api(equipment.settings.home, lambda: None):
            from flows.approve import approve

            snapshot = approve(zone, because, by, candidate)
    click.echo(f"{zone}: published as {snapshot.generation}-{snapshot.snapshot_id[:12]}, approved by {by}")
