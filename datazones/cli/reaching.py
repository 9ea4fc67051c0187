"""Prefect's server that cannot be asked, told as such wherever a command notices."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from datazones.errors import CatalogueInvalid, DatazonesError, PrefectUnavailable
from infra.prefect_settings import AUTH, URL

_UNREACHED = "Failed to reach API"
"""How Prefect's client says it before its first question."""

_given_up: list[PrefectUnavailable] = []
"""What was told of servers that do not answer."""

_STRANGER = (401, 403)
_BROKEN = 500


@contextmanager
def reached() -> Iterator[None]:
    """Within this, PrefectUnavailable stands for whatever Prefect's client raises of a server that does not answer, and
    CatalogueInvalid for what it raises of one that does not let us in."""
    try:
        yield
    except DatazonesError:
        raise
    except Exception as error:
        found = _told(error)
        if found is None:
            raise
        if isinstance(found, PrefectUnavailable):
            _given_up.append(found)
        raise found from error


def leave(code: str | int | None) -> NoReturn:
    """End this process as `sys.exit` does. Where a server was given up nobody waits for what Prefect still has to tell
    it: its threads would try for minutes after all has been said."""
    if _given_up and isinstance(code, int):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _told(error: BaseException) -> DatazonesError | None:
    """What this error, or one that it came from, amounts to; None if it is not of the server."""
    httpx = sys.modules.get("httpx")  # which is heavy, and there if anybody was asked
    each: BaseException | None = error
    said = None
    while each is not None:
        if httpx and isinstance(each, httpx.HTTPStatusError):
            status = each.response.status_code
            if status in _STRANGER:
                return _stranger(status)
            if status >= _BROKEN:
                said = f"an answer with code {status}"
        elif (httpx and isinstance(each, httpx.TransportError)) or str(each).startswith(_UNREACHED):
            said = said or str(each).partition("\n")[0] or type(each).__name__
        each = each.__cause__ or each.__context__
    return unreached(said) if said else None


def _stranger(status: int) -> CatalogueInvalid:
    return CatalogueInvalid(
        f"the setting {AUTH}",
        found=f"one that the Prefect server at {_where()} refuses, with code {status}",
        expected="the `user:password` that it asks of whoever calls",
        next_step="set it; that of what `datazones up` keeps up here is in `up/auth` of its home",
    )


def unreached(said: str) -> PrefectUnavailable:
    """What is said of a server that does not answer; `said` is what was heard instead."""
    return PrefectUnavailable(
        f"the Prefect server at {_where()}",
        found=said,
        expected="a server that answers",
        next_step=f"see that it is up and that {URL} is the address of its API, then run again; nothing was lost",
    )


def _where() -> str:
    return os.environ.get(URL, "an address of Prefect's profile")
