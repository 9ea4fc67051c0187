"""What a run did to its zone, in one artifact: what each feed brought, how it ended, and where it lies now."""

from __future__ import annotations

from typing import Literal

from prefect.artifacts import create_markdown_artifact

from datazones.catalogue import Zone
from datazones.model import Candidate
from datazones.publishing import ALIAS, WAREHOUSE, Manifest
from datazones.reporting import Summary, summarised
from datazones.warehouse import brought
from tasks.display import display
from tasks.equip import Equipment

PAGE = "report.html"
"""The gate's report, by the name that it has in a snapshot."""


def summarise(
    equipment: Equipment,
    zone: Zone,
    candidate: Candidate,
    manifest: Manifest,
    at: str,
    outcome: Literal["published", "held back"],
) -> None:
    """Of a candidate that ended so, its manifest being `at` this key below the zone's prefix.

    A run in which nothing is new has none: the zone's page goes on to show the run that changed it last.
    """
    place = f"s3://{equipment.store.bucket}/{zone.prefix}"
    lies = {name: f"{place}/{file.key}" for name in (WAREHOUSE, PAGE) if (file := manifest.file(name))}
    told = Summary(
        zone_name=f"{zone.name_en} {zone.name_zh}",
        outcome=outcome,
        generation=manifest.generation,
        before=candidate.parent,
        changes=candidate.changes,
        feeds=brought(candidate.file, candidate.parent.load_id if candidate.parent else 0, equipment.limits)
        if zone.collects
        else (),
        places={**lies, "manifest": f"{place}/{at}", "what is published now": f"{place}/{ALIAS}"},
    )
    display(create_markdown_artifact, summarised(told), f"zone-{zone.zone_id}", told.headline)
