"""`datazones up`"""

from __future__ import annotations

import click


@click.command()
@click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Prefect workers to keep up.")
@click.option("--port", type=click.IntRange(1, 65535), default=4200, show_default=True, help="Port of Prefect's UI.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where Prefect's server listens; other: with --auth."
)
@click.option("--auth", is_flag=True, help="Let only those use Prefect who know the auth string, which is made here.")
@click.option("--postgres", is_flag=True, help="Give Prefect's server a PostgreSQL of its own, kept in home.")
@click.option("--redis", is_flag=True, help="Give it a Redis of its own, for leases and messages.")
@click.option(
    "--simulated", is_flag=True, help="Ask simulated providers that serve published figures, instead of the real ones."
)
def command(workers: int, port: int, host: str, *, auth: bool, postgres: bool, redis: bool, simulated: bool) -> None:
    """Keep Datazones up on this machine: a Prefect server, its workers, a deployment per zone, the object store.

    Each is a process of its own, looked after until `datazones down`: what dies is started again. Run twice, it finds
    everything up and says so. More than one worker needs PostgreSQL: one of its own, or yours, which
    PREFECT_SERVER_DATABASE_CONNECTION_URL names.

    \b
    datazones up --simulated
    datazones up --postgres --redis --auth --workers 2     (as production runs)
    uv run prefect deployment run refresh/beijing     (with the PREFECT_API_URL that `up` prints)
    datazones down
    """
    from datazones.cli.keeping import bring_up
    from datazones.loopback import HERE
    from datazones.settings import settings
    from infra.children import free_port
    from infra.upkeep.plan import Plan

    bring_up(
        Plan(
            settings().home.resolve(),
            port,
            workers,
            host,
            auth=auth or host not in HERE,  # whoever can call from elsewhere is asked who they are
            postgres_port=free_port() if postgres else None,
            redis_port=free_port() if redis else None,
            simulator_port=free_port() if simulated else None,
        )
    )
