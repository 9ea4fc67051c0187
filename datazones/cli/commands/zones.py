"""`datazones zones`"""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(as_json: bool) -> None:
    """List the zones: who they are, when they run, what they take and share."""
    from datazones.catalogue import installed
    from datazones.cli import printing
    from datazones.settings import settings

    catalogue = installed(settings())
    printing.rows(
        [
            {
                "zone": zone.zone_id,
                "name": f"{zone.name_en} {zone.name_zh}",
                "ref_area": zone.ref_area,
                "schedule (UTC)": zone.schedule,
                "feeds": ", ".join(feed.feed_id for feed in catalogue.feeds_of(zone)),
                "shares": ", ".join(zone.shares),
                "evidence": zone.evidence.status,
                "owner": zone.owner,
            }
            for zone in catalogue.publishing
        ],
        as_json=as_json,
    )
