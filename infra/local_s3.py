"""The embedded object store: one server on loopback, persisted in a folder, shared by whoever needs it.

Several processes may use it at once: the first starts it, the last to leave stops it. One whose users were all killed
is found again and used on, or else ends by itself. `local_s3_server` is the server's side.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from datazones.errors import StoreUnavailable
from datazones.publishing import StoreAddress, make_bucket
from infra import locks
from infra.children import start, stop
from infra.local_s3_server import HEALTH, Place, Server

START_S = 60.0
STOP_S = 10.0


@contextmanager
def running(folder: Path, bucket: str) -> Iterator[StoreAddress]:
    """The bucket of the store that persists in `folder`, for as long as the block lasts.

    StoreUnavailable, with the last line of the server's log, when it does not come up.
    """
    place = Place(folder.resolve())
    place.folder.mkdir(parents=True, exist_ok=True)
    users, child = _join(place)
    try:
        server = _recorded(place)
        address = StoreAddress(server.url, bucket, server.access_key, server.secret_key)
        made = place.bucket(bucket)
        if not made.exists():
            make_bucket(address)
            made.touch()
        yield address
    finally:
        _leave(place, users, child)


def _join(place: Place) -> tuple[IO[str], subprocess.Popen[bytes] | None]:
    """Become a user of a healthy server, and its parent if there was none."""
    with locks.alone(place.starting, START_S):
        users = locks.shared(place.users)
        try:
            return users, None if _found(place) else _started(place)
        except BaseException:
            users.close()
            raise


def _leave(place: Place, users: IO[str], child: subprocess.Popen[bytes] | None) -> None:
    """Stop the server if nobody else uses it. If that cannot be found out now, the server will."""
    with users, suppress(StoreUnavailable), locks.alone(place.starting, STOP_S):
        if locks.taken(users):
            _stop(place)
            if child:
                child.wait()


def _found(place: Place) -> bool:
    """Whether a server runs here already, orphaned or not; one that does not answer is ended."""
    if not locks.is_held(place.serving):
        return False
    until = time.monotonic() + START_S
    while time.monotonic() < until and locks.is_held(place.serving):
        if _healthy(place):
            return True
        time.sleep(locks.POLL_S)
    _stop(place)
    return False


def _started(place: Place) -> subprocess.Popen[bytes]:
    """A new server that answers. Its record is its own to write, so that what is there is never a dead one's."""
    for stale in (place.record, place.log):
        stale.unlink(missing_ok=True)
    child = start([sys.executable, "-m", "infra.local_s3_server", str(place.folder)], place.log, tied=False)
    try:
        until = time.monotonic() + START_S
        while time.monotonic() < until and child.poll() is None:
            if _healthy(place):
                return child
            time.sleep(locks.POLL_S)
        raise _silent(place, child)
    except BaseException:
        stop(child, STOP_S)
        raise


def _stop(place: Place) -> None:
    """End the server: whoever holds its lock is the process that its record names."""
    for end in (signal.SIGTERM, signal.SIGKILL):
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(_recorded(place).pid, end)
        until = time.monotonic() + STOP_S
        while locks.is_held(place.serving):
            if time.monotonic() > until:
                break
            time.sleep(locks.POLL_S)
        else:
            return


def _healthy(place: Place) -> bool:
    with suppress(OSError, http.client.HTTPException):
        server = urlsplit(_recorded(place).url)
        with closing(http.client.HTTPConnection(str(server.hostname), server.port, timeout=2)) as connection:
            connection.request("GET", HEALTH)
            return connection.getresponse().status == http.client.OK
    return False


def _recorded(place: Place) -> Server:
    return Server(**json.loads(place.record.read_text()))


def _silent(place: Place, child: subprocess.Popen[bytes]) -> StoreUnavailable:
    words = place.log.read_text(errors="replace").strip().rpartition("\n")[2]
    return StoreUnavailable(
        "the embedded object store",
        found=words or f"no word and no answer (exit code {child.returncode})",
        expected=f"an answer within {START_S:.0f} s",
        next_step=f"read {place.log}, or set DATAZONES_STORE_URL to a store of your own",
    )
