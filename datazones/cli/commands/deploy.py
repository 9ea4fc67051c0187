"""`datazones deploy`"""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(as_json: bool) -> None:
    """Tell the Prefect server at PREFECT_API_URL, or else the one that `datazones up` keeps up here, all that it needs:
    work pool, deployments, automations.

    What is there already is made as declared; `datazones up` does this by itself. Deployments are in prefect.yaml,
    automations in infra/automations.

    \b
    PREFECT_API_URL=https://prefect.example.org/api datazones deploy
    """
    from datazones.cli import printing
    from datazones.cli.serving import kept_up

    with kept_up():
        from datazones.cli.deploying import deploy

        printing.rows(list(deploy()), as_json=as_json)
