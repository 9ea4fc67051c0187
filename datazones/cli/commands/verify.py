"""`datazones verify`"""

from __future__ import annotations

import click


@click.command()
@click.argument("zones", nargs=-1, metavar="[ZONE]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(zones: tuple[str, ...], as_json: bool) -> None:
    """Check every byte that zones have published: pointer, signatures, the chain back to the first snapshot, files.

    The first fault ends it with exit code 5 and its name. Without ZONE, every zone that has published something.

    \b
    datazones verify
    datazones verify beijing hunan
    """
    from datazones.cli import printing
    from datazones.publishing import current, last_pulled, verify
    from tasks.equip import equipped

    with equipped() as equipment:
        found = []
        for zone in [equipment.catalogue.zone(name) for name in zones] or equipment.catalogue.publishing:
            if zones or current(equipment.store, zone.prefix):
                verified = verify(
                    equipment.store,
                    zone.prefix,
                    equipment.trusted(zone),
                    retired=frozenset(zone.retired_keys),
                    seen=last_pulled(equipment.published(zone)),
                )
                found.append(
                    {
                        "zone": zone.zone_id,
                        "generation": verified.head.generation,
                        "snapshot": verified.head.snapshot_id[:12],
                        "manifests in the chain": verified.manifests,
                        "files": verified.files,
                        "bytes": verified.size,
                        "signed by": verified.public_key[:16],
                    }
                )
    printing.rows(found, as_json=as_json)
