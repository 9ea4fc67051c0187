"""Passes of the reconciler from the command line: one, or one after the other for as long as the process lives."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import NoReturn

from prefect.client.orchestration import get_client

from tasks.equip import equipped
from tasks.reconcile import reconcile_zone
from tasks.running import PrefectRuns

_log = logging.getLogger("datazones.reconcile")


def once(zones: Sequence[str]) -> list[dict[str, object]]:
    """One pass, a row a zone."""
    with equipped() as equipment, get_client(sync_client=True) as client:
        runs = PrefectRuns(client)
        wanted = zones or list(equipment.catalogue.zones)
        found = [reconcile_zone(zone, runs) for zone in wanted]
    return [
        {
            "zone": one.zone_id,
            "open": one.still_open,
            "asked for": one.did("ask"),
            "covered": one.did("cover"),
            "told late": one.did("tell"),
            "given up": one.did("give up"),
        }
        for one in found
    ]


def for_ever(zones: Sequence[str], every_s: float) -> NoReturn:
    """Pass after pass. One that fails is told of, and the next one comes all the same."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with equipped():  # opened once: the store is not probed anew at every pass
        while True:
            try:
                once(zones)
            except Exception:  # noqa: BLE001 - whatever it was, what is due has to be looked after
                _log.exception("this pass failed; the next one is in %.0f s", every_s)
            time.sleep(every_s)
