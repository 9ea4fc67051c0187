"""`datazones plan`"""

from __future__ import annotations

import sys

import click

from datazones.cli import ranging


@click.command()
@click.argument("zones")
@ranging.backfilled
@click.option("--force", is_flag=True, help="Also what is held; the provider is asked anew.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(zones: str, feed: str, first: str, last: str, *, force: bool, as_json: bool) -> None:
    """Say what a backfill would add, revise and withdraw, by zone, feed and series, and which series move most.

    The provider is asked and its answers land, so that a backfill asks nothing again (but with --force). They go into
    copies of the zones, which are compared with what is held and thrown away: nothing is changed or published.

    \b
    datazones plan beijing,hunan --feed nbs_province_year --from 2015 --to 2019 --force
    """
    from datazones.backfilling import Wanted
    from datazones.cli.backfilling import previewed

    wanted = Wanted(feed, tuple(zones.split(",")), first, last, "force" if force else "missing")
    sys.exit(previewed(wanted, as_json=as_json))
