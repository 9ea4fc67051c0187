"""`datazones down`"""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """End what `datazones up` started, all of it. Runs that are under way get 20 s to end."""
    from datazones.cli.keeping import take_down

    take_down()
