"""What Prefect is to run: one deployment a zone and a hub, from the catalogue, and one for every TOML of this folder.

`python -m infra.deployments` writes those of the catalogue that ships into `prefect.yaml`; a test holds the two
together. `datazones deploy` puts those of the catalogue in use on a server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, StringConstraints

from datazones.catalogue import Catalogue, Zone
from datazones.catalogue.entries import Cron, Entry, Text, Word
from datazones.catalogue.loading import entries

POOL = "datazones"
"""The work pool that every worker of Datazones takes its runs from."""

COMMAND = "python -m infra.standby"
"""What a worker starts for a run: a fork of the process that stands by, where there is one."""

FLOWS = {"zone": "refresh", "hub": "unite"}
"""What is deployed for each entry of the catalogue, by kind: a flow, which takes its id by that name, and a deployment,
which has the kind and its id for tags, and the id for a name."""

HEAD = """\
# Deployments of Datazones, written by `python -m infra.deployments` from datazones/catalogue/zones and
# infra/deployments; not edited by hand. `prefect deploy --all` puts them on the server; `datazones deploy` also all
# else that a server is told, and instead of these zones those of DATAZONES_ZONES_FOLDER. Schedules are cron in UTC;
# each zone has its own work queue, and one run at a time: a run that is due meanwhile waits.
"""


class Deployment(Entry):
    """A flow that Prefect is to run, as one file declares it."""

    name: Word
    description: Text
    entrypoint: Annotated[str, StringConstraints(pattern=r"^flows/[a-z_]+\.py:[a-z_]+$")]
    parameters: dict[str, Any] = {}
    schedules: tuple[Cron, ...] = Field((), description="cron, in UTC; none: it runs when somebody or something asks")
    tags: tuple[Text, ...] = ()
    queue: Word = Field(description="the work queue; one of its own keeps it from waiting behind others")
    concurrency: int = Field(1, ge=1, description="runs at once; what is due beyond that waits")

    def block(self) -> dict[str, object]:
        """As `prefect.yaml` has it."""
        return {
            "name": self.name,
            "description": self.description,
            "entrypoint": self.entrypoint,
            "parameters": self.parameters,
            "tags": list(self.tags),
            "schedules": [{"cron": cron, "timezone": "UTC"} for cron in self.schedules],
            "concurrency_limit": {"limit": self.concurrency, "collision_strategy": "ENQUEUE"},
            "work_pool": {"name": POOL, "work_queue_name": self.queue, "job_variables": {"command": COMMAND}},
        }


def of_zone(zone: Zone) -> Deployment:
    """A zone's refresh or a hub's building, on its own schedule; members that publish have their hub built, too."""
    kind = "zone" if zone.collects else "hub"
    flow = FLOWS[kind]
    return Deployment(
        name=zone.zone_id,
        description=f"{zone.name_en} {zone.name_zh}: {flow} and publish. Owner: {zone.owner}.",
        entrypoint=f"flows/{flow}.py:{flow}",
        parameters={kind: zone.zone_id},
        schedules=(zone.schedule,),
        tags=(kind, zone.zone_id),
        queue=zone.zone_id,
    )


def declared(catalogue: Catalogue) -> tuple[Deployment, ...]:
    """All of them: of the zones, of the hubs, and those of this folder."""
    of_files = entries(Path(__file__).parent, Deployment, "name").values()
    return (*map(of_zone, catalogue.publishing), *of_files)


def rendered(catalogue: Catalogue) -> str:
    """The whole of `prefect.yaml`."""
    document = {
        "name": "datazones",
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $DATAZONES_CODE }}"}}],
        "deployments": [deployment.block() for deployment in declared(catalogue)],
    }
    return HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
