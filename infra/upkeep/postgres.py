"""A PostgreSQL of the installation's own, from Debian's packages, in a folder, on loopback with a password.

https://www.postgresql.org/docs/15/app-initdb.html: it runs as nobody's administrator; where we are root, as the user
`postgres` that the package makes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from datazones.errors import StoreUnavailable

OWNER = "datazones"
SERVER_USER = "postgres"
START_S = 120.0

BOUNDS = {"max_connections": "100", "shared_buffers": "64MB", "synchronous_commit": "on", "fsync": "on"}
"""What Prefect was told is kept, also when power goes; and not more memory than a small machine has."""


def user() -> str | None:
    """Whom it runs as; None: as we do."""
    return SERVER_USER if os.geteuid() == 0 else None


def url(port: int, password: str) -> str:
    """How Prefect's server finds it."""
    return f"postgresql+asyncpg://{OWNER}:{password}@127.0.0.1:{port}/postgres"


def prepare(folder: Path, password: str) -> None:
    """Make the folder's database if there is none, whole or not at all."""
    data, aside = folder / "data", folder / "data.new"
    if data.exists():
        return
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    told = folder / "told"
    try:
        told.touch(mode=0o600)
        told.write_text(password)
        if owner := user():
            for path in (aside, told):
                shutil.chown(path, owner, owner)
            _refuse_closed(aside)
        _tell(
            "initdb", "-D", str(aside), "-U", OWNER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C",
            f"--pwfile={told}",
        )  # fmt: skip
    finally:
        told.unlink()
    aside.rename(data)


def command(folder: Path, port: int) -> Sequence[str]:
    """The server in the foreground, on loopback and nowhere else."""
    bounds = [word for name, chosen in BOUNDS.items() for word in ("-c", f"{name}={chosen}")]
    where = ["-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    return [_program("postgres"), *where, *bounds]


def is_ready(port: int) -> bool:
    """Whether it takes connections."""
    asked = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "2"]
    return subprocess.run(asked, check=False).returncode == 0


def _program(name: str) -> str:
    """Where Debian keeps it: beside others of its version, the newest if there are several."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise StoreUnavailable(
            "PostgreSQL for Prefect's server",
            found=f"no program {name}",
            expected="PostgreSQL's programs, such as those of Debian's package postgresql",
            next_step="install it (apt-get install postgresql), or set PREFECT_SERVER_DATABASE_CONNECTION_URL to a "
            "server of yours and leave out --postgres",
        )
    return path


def _tell(name: str, *words: str) -> None:
    done = subprocess.run(
        [_program(name), *words], user=user(), group=user(), extra_groups=[] if user() else None, cwd="/",
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=START_S,
    )  # fmt: skip
    if done.returncode:
        raise _failed(f"`{name}`", found=done.stderr.strip().rpartition("\n")[2])


def _refuse_closed(folder: Path) -> None:
    """Where it cannot reach its own folder, it says so in words that nobody understands."""
    reaching = ["test", "-x", str(folder)]
    if subprocess.run(reaching, user=user(), group=user(), extra_groups=[], check=False, cwd="/").returncode:
        folder.rmdir()
        raise _failed(str(folder), found=f"a folder above it that the user {user()} may not pass through")


def _failed(what: str, found: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"PostgreSQL for Prefect's server, {what}",
        found=found,
        expected="a database that its own user may reach and write",
        next_step="set DATAZONES_HOME to a folder that others may pass through (chmod o+x on those above it), or run "
        "as a user that is not root",
    )
