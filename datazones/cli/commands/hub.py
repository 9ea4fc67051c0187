"""`datazones hub`"""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("hubs", nargs=-1, metavar="[HUB]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(hubs: tuple[str, ...], as_json: bool) -> None:
    """Build a hub from what its zones have published, examine it and publish it. Without HUB, every hub.

    Each zone's snapshot is verified and pinned. A zone that is late, held back, missing or refused shows as such in
    the table `contribution`, and no total is given where one lacks its figure. Nothing new: nothing is published.

    \b
    datazones hub
    datazones query national "FROM ai_race WHERE is_newest"
    datazones query national "FROM contribution"
    """
    from datazones.catalogue import installed
    from datazones.cli.refreshing import refresh_all
    from datazones.settings import settings

    catalogue = installed(settings())
    chosen = [catalogue.hub(name).zone_id for name in hubs] or list(catalogue.hubs)
    sys.exit(refresh_all(chosen, (), as_json=as_json))
