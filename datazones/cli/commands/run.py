"""`datazones run`"""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--zone", "zones", multiple=True, metavar="ZONE", help="Refresh this zone; may be repeated. Unset: all.")
@click.option("--feed", "feeds", multiple=True, metavar="FEED", help="Only this feed; may be repeated. Unset: all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(zones: tuple[str, ...], feeds: tuple[str, ...], as_json: bool) -> None:
    """Refresh zones now: collect, read, load, examine and publish what has changed.

    One zone that fails does not stop the others; the exit code is that of the gravest end.

    \b
    datazones run
    datazones run --zone beijing --feed nbs_province_year
    """
    from datazones.cli.refreshing import refresh_all

    sys.exit(refresh_all(zones, feeds, as_json=as_json))
