"""`datazones demo`"""

from __future__ import annotations

import sys
from datetime import datetime

import click


@click.command()
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="Move the simulated providers' clock here first (UTC), e.g. 2026-04-01.",
)
def command(now: datetime | None) -> None:
    """Run the main job offline: ten zones against simulated providers that serve real published figures.

    The first run publishes every zone as of 2020-12-01; a second finds nothing new. Move the clock on to see what
    the fifth economic census revised:

    \b
    datazones demo
    datazones demo --now 2026-04-01
    """
    from datazones.cli.rehearsing import rehearsal

    with rehearsal(f"{now:%Y-%m-%dT%H:%M:%SZ}" if now else None):
        from datazones.cli.refreshing import refresh_all

        code = refresh_all((), ())
    if code == 0:
        click.echo(f"\nTry:  datazones query beijing {QUERY!r}")
    sys.exit(code)


QUERY = (
    "SELECT time_period, obs_value AS gdp_100m_yuan, known_from FROM history JOIN series USING (series_id) "
    "WHERE series_key LIKE '%A020101%' AND time_period = '2018' ORDER BY known_from"
)
