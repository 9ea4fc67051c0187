"""What Prefect is to do by itself when something happens: one automation a hub, and one for every TOML of this folder.

`trigger` and `actions` are as Prefect has them (https://docs.prefect.io/v3/concepts/automations), but for the ids,
which only a server knows: `deployment` names a deployment as flow/deployment, and `block` a block document of any
type. `datazones deploy` puts them on a server; an automation whose block is not there is left out, and it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from datazones.catalogue import Catalogue, Zone
from datazones.catalogue.entries import Entry, Text, Word
from datazones.catalogue.loading import entries
from infra.deployments import FLOWS


class Automation(Entry):
    """What is waited for, and what is done then, as one file declares it."""

    name: Word
    description: Text
    trigger: dict[str, Any]
    actions: tuple[dict[str, Any], ...] = Field(min_length=1)


def declared(catalogue: Catalogue) -> tuple[Automation, ...]:
    """All of them: of the hubs that have members, and those of this folder."""
    members = ((hub, catalogue.members_of(hub)) for hub in catalogue.hubs.values())
    of_hubs = (_of_hub(hub, having) for hub, having in members if having)
    return (*of_hubs, *entries(Path(__file__).parent, Automation, "name").values())


def _of_hub(hub: Zone, members: Sequence[Zone]) -> Automation:
    """A hub is built when one of its members has published; a run that is asked for meanwhile waits, and finds what is
    new by then."""
    return Automation(
        name=hub.zone_id,
        description=f"Build {hub.name_en} when one of its members has published.",
        trigger={
            "type": "event",
            "posture": "Reactive",
            "expect": ["datazones.snapshot.published"],
            "match": {"prefect.resource.id": [f"datazones.zone.{member.zone_id}" for member in members]},
            "threshold": 1,
            "within": 0,
        },
        actions=({"type": "run-deployment", "deployment": f"{FLOWS['hub']}/{hub.zone_id}"},),
    )
