"""What Prefect is to do by itself when something happens: one automation for every TOML of this folder.

`trigger` and `actions` are as Prefect has them (https://docs.prefect.io/v3/concepts/automations), but for the ids,
which only a server knows: `deployment` names a deployment as flow/deployment, and `block` a block document of any
type. `datazones deploy` puts them on a server; an automation whose block is not there is left out, and it says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from datazones.catalogue.entries import Entry, Text, Word
from datazones.catalogue.loading import entries


class Automation(Entry):
    """What is waited for, and what is done then, as one file declares it."""

    name: Word
    description: Text
    trigger: dict[str, Any]
    actions: tuple[dict[str, Any], ...] = Field(min_length=1)


def declared() -> dict[str, Automation]:
    """Every automation, by name."""
    return entries(Path(__file__).parent, Automation, "name")
