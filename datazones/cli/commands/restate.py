"""`datazones restate`"""

from __future__ import annotations

import click

from datazones.cli import ranging, signing_off


@click.command()
@click.argument("zone")
@ranging.restated
@click.option("--check", is_flag=True, help="Only say what would change.")
@signing_off.because
def command(zone: str, feed: str, first: str, last: str, because: str, *, check: bool) -> None:
    """Read old raw answers as we read them today, with today's dialect and corrections, and publish what that changes.

    The provider is asked nothing. What comes out otherwise is kept in `restated` and shown by `revision` as revised_by
    'datazones', with the reason; it goes through the gate like any other change. If today's reading changes other feeds
    or periods, too, nothing is done and the exit code is 5.

    \b
    datazones restate beijing --feed nbs_province_year --from 2010 --to 2019 --because "the unit was wrong" --check
    """
    from datazones.cli.serving import prefect_api
    from tasks.equip import equipped

    with equipped() as equipment, prefect_api(equipment.settings.home, equipment.examiner.warm):
        from flows.restate import restate

        done, snapshot = restate(zone, feed, because, first, last, check=check)
    said = ", ".join(f"{count:,} {change}" for change, count in done.restated.get(feed, {}).items())
    click.echo(f"{zone}: {done.loads} loads read again; {said or 'today they say what is held'}")
    if snapshot:
        click.echo(f"published as {snapshot.named}")
    elif said:
        click.echo("nothing was changed: without --check this is published", err=True)
