"""`datazones pull`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("zone")
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="Where to put the DuckDB file; unset: in home."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a line.")
def command(zone: str, to: Path | None, as_json: bool) -> None:
    """Fetch a zone's published snapshot: verified, and swapped in beside any reader that has it open.

    \b
    datazones pull beijing
    datazones pull beijing --to beijing.duckdb
    """
    from datazones.cli import printing
    from datazones.cli.pulling import pulled
    from datazones.publishing import last_pulled
    from tasks.equip import equipped

    with equipped() as equipment:
        into = pulled(equipment, zone, to=to)
    found = last_pulled(into)
    rows = [{"zone": zone, "path": str(into), "generation": found and found.generation}]
    if as_json:
        printing.rows(rows, as_json=True)
    elif found:
        click.echo(f"{into}: {zone}, generation {found.generation}, snapshot {found.snapshot_id[:12]}")
