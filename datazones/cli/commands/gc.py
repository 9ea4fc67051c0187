"""`datazones gc`"""

from __future__ import annotations

import click


@click.command()
@click.argument("zones", nargs=-1, metavar="[ZONE]...")
@click.option("--keep", default=20, show_default=True, type=click.IntRange(min=1), help="So many newest stay.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(min=0), help="Younger ones stay as well.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(zones: tuple[str, ...], keep: int, days: int, dry_run: bool, as_json: bool) -> None:
    """Remove the files of old snapshots, and what dead runs left; never what is published or younger than a day.

    Manifests stay, so the chain stays whole. What is loose is listed twice before anything goes, and nothing goes if
    the zone's pointer moves meanwhile. Raw answers are never touched. Without ZONE, every zone.

    \b
    datazones gc --dry-run
    datazones gc beijing --keep 5 --days 30
    """
    from datetime import timedelta

    from datazones.cli import printing
    from datazones.publishing import sweep
    from tasks.equip import equipped

    with equipped() as equipment:
        found = []
        for zone in [equipment.catalogue.zone(name) for name in zones] or equipment.catalogue.publishing:
            swept = sweep(
                equipment.store,
                zone.prefix,
                equipment.settings.clock(),
                keep=keep,
                younger_than=timedelta(days=days),
                trusted=equipment.trusted(zone),
                dry=dry_run,
            )
            gone = "would go" if dry_run else "gone"
            found.append(
                {"zone": zone.zone_id, "snapshots with files": swept.kept, gone: len(swept.gone), "bytes": swept.size}
            )
    printing.rows(found, as_json=as_json)
