"""Whether whoever can reach Prefect's server is asked who they are."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from datazones.errors import CatalogueInvalid
from datazones.loopback import HERE
from infra import prefect_settings
from infra.upkeep.place import Place

LISTENING = "0A"
ENOUGH = 32
"""Characters of an auth string that nobody guesses."""


def guarded(home: Path) -> str:
    """How Prefect's server is guarded: the one that PREFECT_API_URL names, else the one that is up here.

    CatalogueInvalid when others can reach it and it asks nobody, or for something short.
    """
    given = prefect_settings.environment()
    known = given if prefect_settings.URL in given else Place.of(home).known(given)
    url, auth = known.get(prefect_settings.URL), known.get(prefect_settings.AUTH)
    if not url:
        return "none is named by PREFECT_API_URL, and none is up here"
    where = urlsplit(url)
    reached = where.hostname not in HERE or bound_openly(where.port or 80)
    if reached and _answers_anybody(url):
        raise _open(url, "answers to whoever asks")
    if reached and auth and len(auth) < ENOUGH:
        raise _open(url, f"asks for {len(auth)} characters")
    return f"{url} {'is reached from elsewhere, and asks who calls' if reached else 'is reached from here alone'}"


def bound_openly(port: int) -> bool:
    """Whether somebody on this machine listens on that port at an address that is not loopback's."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            address, _, number = line.split()[1].partition(":")
            if int(number, 16) == port and line.split()[3] == LISTENING and not _is_loopback(address):
                return True
    return False


def _is_loopback(address: str) -> bool:
    """127.x.x.x or ::1, as the kernel writes them: words of four bytes, last byte first."""
    return address[-2:] == "7F" if len(address) == 8 else address == "00000000000000000000000001000000"


def _answers_anybody(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/admin/version", timeout=10):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _open(url: str, found: str) -> CatalogueInvalid:
    return CatalogueInvalid(
        f"Prefect's server at {url}, which can be reached from other machines",
        found=f"one that {found}",
        expected=f"an auth string of at least {ENOUGH} random characters",
        next_step="set PREFECT_SERVER_API_AUTH_STRING for the server and PREFECT_API_AUTH_STRING for whoever calls it "
        "(`datazones up --auth` makes one), or let it listen on 127.0.0.1 only",
    )
