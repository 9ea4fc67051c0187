"""Passes of the reconciler from the command line: one, or one after the other for as long as the process lives."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import NoReturn

from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings

from datazones import slots
from datazones.cli.reaching import unreached
from tasks.equip import equipped
from tasks.reconcile import Reconciled, reconcile_zones
from tasks.running import PrefectRuns

_log = logging.getLogger("datazones.reconcile")


def once(zones: Sequence[str]) -> list[dict[str, object]]:
    """One pass, a row a zone."""
    with equipped(), get_client(sync_client=True) as client:
        found, answers = reconcile_zones(client, zones), client.api_healthcheck() is None
    return [
        {
            "zone": one.zone_id,
            "open": one.still_open,
            "asked for": one.did("ask"),
            "covered": one.did("cover"),
            "told late": one.did("tell"),
            "given up": one.did("give up"),
            "scheduler": _scheduler(one) if answers else "the server does not answer",
        }
        for one in found
    ]


def _scheduler(found: Reconciled) -> str:
    return f"silent since {found.silent_since:%Y-%m-%d %H:%M}" if found.silent_since else ""


def silent_zones() -> list[str] | None:
    """The zones for which Prefect's scheduler makes no runs; None where no server is set.

    PrefectUnavailable where one is and does not answer.
    """
    if not get_current_settings().api.url:
        return None
    with equipped() as equipment, get_client(sync_client=True) as client:
        runs, now = PrefectRuns(client), equipment.settings.clock()
        if not runs.answer:
            raise unreached("no answer")
        planned = [(zone, runs.planned_until(zone.zone_id)) for zone in equipment.catalogue.zones.values()]
    return [zone.zone_id for zone, until in planned if until and slots.is_silent(zone.schedule, until, now)]


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
