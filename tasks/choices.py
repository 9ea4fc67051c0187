"""What Prefect's UI offers for a parameter, and its server takes nothing else: the zones and feeds that there are.

Read when a flow is imported, from the folders that are set then; `datazones deploy` tells a server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from datazones.catalogue.loading import SHIPPED
from datazones.settings import Settings

_chosen = Settings()


def _named(folder: Path | None, shipped: str) -> list[str]:
    return sorted(path.stem for path in (folder or SHIPPED / shipped).glob("*.toml"))


ZoneId = Annotated[str, Field(json_schema_extra={"enum": [*_named(_chosen.zones_folder, "zones")]})]
FeedId = Annotated[str, Field(json_schema_extra={"enum": [*_named(_chosen.feeds_folder, "feeds")]})]
