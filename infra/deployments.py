"""Writes `prefect.yaml` from the zone catalogue: `python -m infra.deployments`. A test holds the two together."""

from __future__ import annotations

from pathlib import Path

import yaml

from datazones.catalogue import Catalogue, Zone, load

HEAD = """\
# Deployments of Datazones, written by `python -m infra.deployments` from datazones/catalogue/zones; not edited by hand.
# `prefect deploy --all` puts them on the server. Schedules are cron in UTC; each zone has its own work queue, and one
# run at a time: a run that is due meanwhile waits.
"""


def deployment(zone: Zone) -> dict[str, object]:
    """One zone's refresh, as Prefect has it."""
    return {
        "name": zone.zone_id,
        "description": f"{zone.name_en} {zone.name_zh}: refresh and publish. Owner: {zone.owner}.",
        "entrypoint": "flows/refresh.py:refresh",
        "parameters": {"zone": zone.zone_id},
        "tags": ["zone", zone.zone_id],
        "schedules": [{"cron": zone.schedule, "timezone": "UTC"}],
        "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
        "work_pool": {"name": "datazones", "work_queue_name": zone.zone_id},
    }


def rendered(catalogue: Catalogue) -> str:
    """The whole of `prefect.yaml`."""
    document = {
        "name": "datazones",
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $DATAZONES_CODE }}"}}],
        "deployments": [deployment(zone) for zone in catalogue.zones.values()],
    }
    return HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    Path("prefect.yaml").write_text(rendered(load()), encoding="utf-8")
