"""`datazones reconcile`"""

from __future__ import annotations

import click


@click.command()
@click.argument("zones", nargs=-1, metavar="[ZONE]...")
@click.option("--every", type=click.FloatRange(min=1), metavar="SECONDS", help="Go on for ever, a pass every so often.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(zones: tuple[str, ...], every: float | None, as_json: bool) -> None:
    """See that every due slot ends: make up for what was missed, once, and tell of what is late.

    A slot that no run is at is asked for from the Prefect server at PREFECT_API_URL, or else from what `datazones up`
    keeps up here; where nobody answers there, what is late is written down all the same. Runs that say that they run
    and whose process is gone are put to rest. Without ZONE, every zone. `datazones up` does this by itself; with one's
    own server the deployment `reconcile` does, and beside each worker `--every 30` knows the worker's dead at once.

    \b
    datazones reconcile
    datazones reconcile --every 30
    """
    from datazones.cli import printing
    from datazones.cli.serving import kept_up, refuse_no_server

    with kept_up():
        from datazones.cli.reconciling import for_ever, once

        refuse_no_server()
        if every:
            for_ever(zones, every)
        printing.rows(once(zones), as_json=as_json)
