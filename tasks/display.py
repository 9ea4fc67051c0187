"""Put something into the page of this run in Prefect's UI: news and no record, so losing it costs nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable

_log = logging.getLogger("datazones.flows")


def display(make: Callable[..., object], content: object, key: str, description: str) -> None:
    """An artifact, made as Prefect makes such ones; the latest of its key is what its page shows."""
    try:
        make(content, key=key.replace("_", "-"), description=description)
    except Exception as error:  # noqa: BLE001 - the server may be away, and what is published is published all the same
        _log.warning("%s is not in Prefect's UI: %s", key, error)
