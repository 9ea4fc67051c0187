"""A provider's quota that all workers of all machines keep together: a rate limit on Prefect's server.

`datazones deploy` makes one of every agency, from its file: a bucket of one turn that fills again as fast as the agency
allows. It comes on top of the quota that the processes of one machine keep, which needs no server: when the server is
away or knows no such limit, asking goes on by that one alone.
"""

from __future__ import annotations

import logging
import time

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError

from datazones.catalogue import Agency

FULL = 423
"""What the server says when there is no turn yet."""

_log = logging.getLogger("datazones.transport")


def limit_name(agency: Agency) -> str:
    """The limit's name on the server."""
    return f"datazones-provider-{agency.agency_id.lower()}"


class Turns:
    """The turns of one limit, as long as the server answers."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client: SyncPrefectClient | None = None
        self._away = False

    def take(self, longest_s: float) -> float:
        """Wait for a turn; the seconds it took, or would take where that is longer than `longest_s`."""
        begun = time.monotonic()
        while not self._away:
            pause = self._asked()
            waited = time.monotonic() - begun
            if pause is None or waited + pause > longest_s:
                return waited + (pause or 0.0)
            time.sleep(pause)
        return time.monotonic() - begun

    def _asked(self) -> float | None:
        """None when we have a turn; else after how many seconds to ask again."""
        try:
            self._client = self._client or get_client(sync_client=True)
            self._client.increment_concurrency_slots([self._name], 1, "rate_limit")
        except PrefectHTTPStatusError as error:
            if error.response.status_code == FULL:
                return float(error.response.headers["Retry-After"])
            self._gave_up(f"it answers {error.response.status_code}")
        except Exception as error:  # noqa: BLE001 - whatever keeps Prefect from answering, figures are asked for
            self._gave_up(type(error).__name__)
        return None

    def _gave_up(self, why: str) -> None:
        self._away = True
        _log.warning("no turns from Prefect's server, this machine's quota alone is kept: %s", why)
