"""`datazones up`"""

from __future__ import annotations

import click


@click.command()
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Prefect workers to keep up.")
@click.option("--port", type=click.IntRange(1, 65535), default=4200, show_default=True, help="Port of Prefect's UI.")
@click.option(
    "--simulated", is_flag=True, help="Ask simulated providers that serve published figures, instead of the real ones."
)
def command(workers: int, port: int, *, simulated: bool) -> None:
    """Keep Datazones up on this machine: a Prefect server, its workers, a deployment per zone, the object store.

    Each is a process of its own, looked after until `datazones down`: what dies is started again. Run twice, it finds
    everything up and says so. PREFECT_API_DATABASE_CONNECTION_URL puts Prefect's server on PostgreSQL, which more than
    one worker needs.

    \b
    datazones up --simulated
    uv run prefect deployment run refresh/beijing     (with the PREFECT_API_URL that `up` prints)
    datazones down
    """
    from datazones.cli.keeping import bring_up

    bring_up(workers, port, simulated=simulated)
