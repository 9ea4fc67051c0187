"""`datazones query`"""

from __future__ import annotations

import click


@click.command()
@click.argument("zone")
@click.argument("sql")
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON instead of a table.")
@click.option("--offline", is_flag=True, help="Ask the snapshot pulled last, without looking for a newer one.")
def command(zone: str, sql: str, as_json: bool, offline: bool) -> None:
    """Ask one SQL statement of a zone's published snapshot.

    \b
    datazones query beijing "FROM observation WHERE obs_value > 0 LIMIT 5"
    datazones query beijing "SELECT time_period, obs_value FROM observation_as_of(DATE '2020-12-31')
                             WHERE series_key LIKE '%A020101%' ORDER BY time_period"
    """
    from datazones.cli import printing
    from datazones.cli.pulling import pulled
    from datazones.warehouse import query
    from tasks.equip import equipped

    with equipped() as equipment:
        found = query(pulled(equipment, zone, offline=offline), sql, equipment.limits)
    printing.rows(found.to_dicts(), as_json=as_json)
