"""`datazones status`"""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(as_json: bool) -> None:
    """Say of every zone what is published, since when, and what waits for the next run."""
    from datazones.cli import printing
    from datazones.errors import NotPermitted
    from datazones.publishing import current, fetch_manifest
    from datazones.warehouse import WorkingCopy
    from tasks.equip import equipped

    with equipped() as equipment:
        found = []
        for zone in equipment.catalogue.publishing:
            manifest, instead = None, "nothing published"
            try:
                if pointer := current(equipment.store, zone.prefix):
                    manifest = fetch_manifest(equipment.store, zone.prefix, pointer.snapshot)
            except NotPermitted:
                instead = "not for this key"
            path = equipment.working(zone)
            waiting = ""
            if path.exists():
                with WorkingCopy.held(path, equipment.limits) as copy:
                    waiting = str(copy.pending()) if copy.pending() else ""
            found.append(
                {
                    "zone": zone.zone_id,
                    "generation": manifest.generation if manifest else None,
                    "snapshot": manifest.snapshot_id[:12] if manifest else instead,
                    "published (UTC)": f"{manifest.created_at:%Y-%m-%d %H:%M}" if manifest else None,
                    "checks passed": manifest.verdict.checks if manifest else None,
                    "waiting here": waiting,
                    "due (UTC cron)": zone.schedule,
                }
            )
    printing.rows(found, as_json=as_json)
