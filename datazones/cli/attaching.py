"""The SQL by which a BI tool attaches a zone, from wherever it can reach it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Literal

from datazones.cli.pulling import pulled
from datazones.errors import CatalogueInvalid
from datazones.publishing import attach, published_key, secret
from tasks.equip import Equipment, store_address


def statements(equipment: Equipment, zone_id: str, over: Literal["local", "s3", "https"]) -> str:
    """What one pastes into DuckDB. CatalogueInvalid for another place than here when the store is the embedded one."""
    zone = equipment.catalogue.zone(zone_id)
    if over == "local":
        return attach(zone_id, str(pulled(equipment, zone_id).resolve()))
    if equipment.settings.store_url is None:
        raise CatalogueInvalid(
            "the setting DATAZONES_STORE_URL",
            found="nothing: the embedded store, which is up only while a command runs",
            expected="a store that others can reach",
            next_step=f"`datazones attach {zone_id}` attaches the file on this machine; or set DATAZONES_STORE_URL",
        )
    address = store_address(equipment.settings, ExitStack())
    key = published_key(equipment.store, zone.prefix, equipment.trusted(zone))
    if over == "https":
        where = f"{address.url.rstrip('/')}/{address.bucket}/{key}"
        return "INSTALL httpfs; LOAD httpfs;\n" + attach(zone_id, where)
    return secret(address) + attach(zone_id, f"s3://{address.bucket}/{key}")
