"""`datazones attach`"""

from __future__ import annotations

from typing import Literal

import click


@click.command()
@click.argument("zone")
@click.option(
    "--over",
    type=click.Choice(["local", "s3", "https"]),
    default="local",
    show_default=True,
    help="From a file here, from the bucket with a key of yours, or by plain HTTP where the bucket may be read so.",
)
def command(zone: str, over: Literal["local", "s3", "https"]) -> None:
    """Print the SQL that attaches what a zone, or the hub, has published now.

    What is attached never changes; ask again for a newer snapshot. The bucket has the same as PREFIX/attach.sql, a
    stable name that is replaced with each snapshot. Over local, the file is fetched and verified first.

    \b
    datazones attach beijing | duckdb -interactive -init /dev/stdin
    datazones attach national --over s3
    """
    from datazones.cli.attaching import statements
    from tasks.equip import equipped

    with equipped() as equipment:
        click.echo(statements(equipment, zone, over), nl=False)
