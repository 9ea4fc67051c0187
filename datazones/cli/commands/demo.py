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
    """Run the main job offline: ten zones against simulated providers that serve real published figures, and the hub.

    The first run publishes every zone as of 2020-12-01, and the national hub out of what they share; a second finds
    nothing new. Move the clock on to see what the fifth economic census revised:

    \b
    datazones demo
    datazones demo --now 2026-04-01
    """
    from datazones.cli.rehearsing import rehearsal

    with rehearsal(f"{now:%Y-%m-%dT%H:%M:%SZ}" if now else None):
        from datazones.cli.refreshing import refresh_all

        code = refresh_all((), ())
    if code == 0:
        for title, sql in HUB.items():
            _show(title, sql)
        click.echo(f"\nTry:  datazones query beijing {QUERY!r}")
    sys.exit(code)


def _show(title: str, sql: str) -> None:
    """What the hub says, out of the file that was just pulled."""
    from datazones.cli import printing
    from datazones.warehouse import query
    from tasks.equip import equipped

    with equipped() as equipment:
        hub = equipment.catalogue.hub("national")
        found = query(equipment.published(hub), sql, equipment.limits)
    click.echo(f"\n{title}")
    printing.rows(found.to_dicts(), as_json=False)


HUB = {
    "China and the United States, in the newest period that both have:": (
        "SELECT title AS figure, time_period, china, united_states, ahead, lead_since AS since, "
        "round(china_per_us, 2) AS china_per_us FROM ai_race WHERE is_newest ORDER BY title"
    ),
    "The zones by gross regional product (100 million yuan):": (
        "SELECT place, name_en AS zone, time_period, obs_value AS product, "
        "round(100 * growth, 1) AS growth_percent, round(100 * share_of_zones, 1) AS share_percent FROM ranking "
        "WHERE is_newest AND measure LIKE '%.A020101.*' ORDER BY place"
    ),
}


QUERY = (
    "SELECT time_period, obs_value AS gdp_100m_yuan, known_from FROM history JOIN series USING (series_id) "
    "WHERE series_key LIKE '%A020101%' AND time_period = '2018' ORDER BY known_from"
)
