"""What is wanted of an installation on one machine, and the environments that its processes get."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from datazones.settings import PREFIX, PROVIDERS_BASE
from infra import prefect_settings, presence
from infra.standby.__main__ import WHERE
from infra.upkeep import postgres, redis, secrets
from infra.upkeep.place import Place

CODE = Path(__file__).parents[2]
"""The folder that holds `prefect.yaml` and the packages its entrypoints name."""

BARE = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
"""What a process needs that is to know nothing else."""

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where it lives, where Prefect's server listens, what that stands on, and whether providers are simulated.

    Ports are None for what is not wanted. No secret is in it: those are in files of `home`, and in the environment of
    the processes that need them.
    """

    home: Path
    port: int
    workers: int
    host: str = LOOPBACK
    auth: bool = False
    postgres_port: int | None = None
    redis_port: int | None = None
    simulator_port: int | None = None
    simulated_from: datetime | None = None

    @property
    def place(self) -> Place:
        """The files by which others find it."""
        return Place.of(self.home)

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK if self.host == EVERYWHERE else self.host}:{self.port}/api"

    @property
    def providers(self) -> str | None:
        """Where providers are simulated."""
        return f"http://{LOOPBACK}:{self.simulator_port}" if self.simulator_port else None

    @property
    def guarded(self) -> bool:
        """Whether the API asks for an auth string that is made here: one is wanted, and its owner has set none."""
        return self.auth and not prefect_settings.auth_in(prefect_settings.environment())

    @property
    def environment(self) -> dict[str, str]:
        """Of every part but the server, and of the commands that talk to it."""
        return prefect_settings.clients(self._everything())

    @property
    def server_environment(self) -> dict[str, str]:
        """Of Prefect's server, which alone knows its database."""
        return prefect_settings.SERVER | self._origins() | self._everything() | self._foundations()

    @property
    def bare_environment(self) -> dict[str, str]:
        """Of the process that stands by to examine: nothing of ours but where the code is, and no secret above all."""
        kept = {name: os.environ[name] for name in BARE if name in os.environ}
        return {**kept, "PYTHONPATH": str(CODE), "HOME": str(self.place.folder)}

    @property
    def password(self) -> str:
        """Of our own PostgreSQL and Redis."""
        return secrets.kept(self.home / "keys" / "foundations")

    @property
    def has_database(self) -> bool:
        """Whether Prefect's server stands on PostgreSQL, its own or the owner's."""
        return "postgres" in self.server_environment.get(prefect_settings.DATABASE, "")

    def _everything(self) -> dict[str, str]:
        """Parts run elsewhere, so `.env` is read here."""
        base = {PROVIDERS_BASE: self.providers} if self.providers else {}
        given = prefect_settings.environment()
        return {
            **given,
            **prefect_settings.EVERY,
            **base,
            **self._auth(prefect_settings.auth_in(given)),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', os.defpath)}",
            WHERE: str(self.place.standby),
            presence.HOME: str(self.home),
            f"{PREFIX}UNBEGUN_S": "60",  # nothing is fetched or placed here before a run begins
            f"{PREFIX}CODE": str(CODE),
            "PREFECT_HOME": str(self.home / "prefect"),
            prefect_settings.URL: self.api_url,
        }

    def _auth(self, given: str | None) -> dict[str, str]:
        """What the API asks of whoever calls, `user:password`: what is set, else one of our own where it is wanted."""
        auth = given or (self.place.auth() if self.auth else None)
        return prefect_settings.guarded(auth) if auth else {}

    def _origins(self) -> dict[str, str]:
        names = sorted({LOOPBACK, "localhost", self.host})
        return prefect_settings.origins(f"http://{name}:{self.port}" for name in names)

    def _foundations(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.postgres_port:
            found[prefect_settings.DATABASE] = postgres.url(self.postgres_port, self.password)
        if self.redis_port:
            found |= prefect_settings.on_redis(redis.url(self.redis_port, self.password))
        return found
