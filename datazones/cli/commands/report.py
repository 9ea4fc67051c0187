"""`datazones report`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("zone")
@click.option("--held", "is_held", is_flag=True, help="Of the candidate that was held back, not of what is published.")
@click.option("--candidate", metavar="ID", help="Which one, where several are held: the beginning of its id.")
@click.option("--to", type=click.Path(path_type=Path), help="Write the page here. Unset: ZONE-report.html.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead.")
def command(zone: str, is_held: bool, candidate: str | None, to: Path | None, as_json: bool) -> None:
    """Fetch the gate's report: what was examined, what failed, and the series around it.

    The page needs nothing but itself: it runs no script and asks nobody for anything.

    \b
    datazones report hunan
    datazones report hunan --held --to why.html
    """
    from datazones.cli.reports import report_of
    from tasks.equip import equipped

    with equipped() as equipment:
        name = "report.json" if as_json else "report.html"
        content = report_of(equipment, zone, name, is_held=is_held, candidate=candidate)
    if as_json:
        click.echo(content.decode())
        return
    into = to or Path(f"{zone}-report.html")
    into.write_bytes(content)
    click.echo(f"Wrote {into}; open it in a browser.")
