"""Heed a cancel between steps: whoever cancelled a run need not wait for the end of it, nor for force."""

from __future__ import annotations

import logging
import os
import time
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.states import Cancelled

from infra import presence

EVERY_S = 2.0
"""Not oftener is Prefect asked: a run in which nothing is new is over before."""

_log = logging.getLogger("datazones.flows")
_asked_at = time.monotonic()


class Stopped(BaseException):
    """Somebody cancelled this run. Its slot stays open, and is made up for."""


def heed() -> None:
    """Stopped when this run has been cancelled; all it did so far is whole, and its locks go with it."""
    global _asked_at
    run = os.environ.get(presence.RUN)
    if run is None or time.monotonic() - _asked_at < EVERY_S:
        return
    _asked_at = time.monotonic()
    with get_client(sync_client=True) as client:
        if client.api_healthcheck():
            return  # the work goes on without Prefect, and is reported later
        state = client.read_flow_run(UUID(run)).state
        if state is None or not state.is_cancelling():
            return
        _log.info("cancelled: this run ends here")
        client.set_flow_run_state(run, Cancelled(message="It was cancelled, and ended between two steps."), force=True)
    raise Stopped
