"""`datazones explain`"""

from __future__ import annotations

import click


@click.command()
@click.argument("feed")
@click.option("--zone", help="Explain as for this zone; unset: the first that takes the feed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every check in full.")
def command(feed: str, zone: str | None, as_json: bool) -> None:
    """Say what a feed will do, without doing it.

    What it asks (secrets hidden), where the answers land, how they are read and what is mended, which checks stand
    before publishing, which zones take it, on what terms, and what a run costs in calls and seconds.

    \b
    datazones explain worldbank_ai_race
    datazones explain nbs_province_year --zone hunan --json
    """
    from datazones.cli import printing
    from datazones.cli.explaining import explained, in_short
    from tasks.equip import equipped

    with equipped() as equipment:
        chosen = equipment.catalogue.feed(feed)
        found = explained(equipment, chosen, equipment.asking_zone(chosen, zone))
    printing.entry(found if as_json else in_short(found), as_json=as_json)
