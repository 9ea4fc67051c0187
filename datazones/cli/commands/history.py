"""`datazones history`"""

from __future__ import annotations

import click


@click.command()
@click.argument("zone")
@click.option("--last", default=20, show_default=True, type=click.IntRange(min=1), help="So many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(zone: str, last: int, as_json: bool) -> None:
    """List what a zone has published, newest first: generation, content, when, and why if a human decided.

    The head's signature is checked, and each snapshot against the digest that the next one promises.

    \b
    datazones history beijing
    """
    from itertools import islice

    from datazones.cli import printing
    from datazones.publishing import states
    from tasks.equip import equipped

    with equipped() as equipment:
        place = equipment.catalogue.zone(zone)
        printing.rows(
            [
                {
                    "generation": manifest.generation,
                    "snapshot": manifest.snapshot_id[:12],
                    "published (UTC)": f"{manifest.created_at:%Y-%m-%d %H:%M}",
                    "observations": next((table.rows for table in manifest.tables if table.name == "latest"), None),
                    "checks passed": manifest.verdict.checks,
                    "restores": manifest.restores.generation if manifest.restores else None,
                    "because": manifest.approval.because if manifest.approval else None,
                    "by": manifest.approval.by if manifest.approval else None,
                    "code": manifest.code_version,
                }
                for _, manifest in islice(states(equipment.store, place.prefix, equipment.trusted(place)), last)
            ],
            as_json=as_json,
        )
