"""`datazones rollback`"""

from __future__ import annotations

import click

from datazones.cli import signing_off


@click.command()
@click.argument("zone")
@click.argument("generation", type=click.IntRange(min=1))
@signing_off.because
@signing_off.by
def command(zone: str, generation: int, because: str, by: str) -> None:
    """Publish an older snapshot again, at once: a new generation that has the old one's files.

    Nothing is deleted, and rolling back can be rolled back. The next refresh stands on the old state: it brings
    again what the provider still says, so pause the zone's schedule or declare a correction first.

    \b
    datazones history beijing
    datazones rollback beijing 3 --because "the provider withdrew its release" --by "A. Owner"
    """
    from datazones.publishing import Approval, refresh_alias, rollback
    from tasks.equip import equipped

    with equipped() as equipment:
        place = equipment.catalogue.zone(zone)
        done = rollback(
            equipment.store,
            place.prefix,
            generation,
            equipment.settings.clock(),
            approval=Approval(because=because, by=by),
            signer=equipment.signer(place),
            trusted=equipment.trusted(place),
        )
        refresh_alias(equipment.store, place.prefix, equipment.trusted(place))
    click.echo(f"{zone}: generation {done.generation} is generation {generation} again, {done.snapshot_id[:12]}")
