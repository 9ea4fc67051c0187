"""The tools of one process: settings, catalogue, store, transports, the reading child and the examining child.

Opened once, whoever asks first, and shared by every task of the process: ten zones in one run pay for one import of
Great Expectations, one reading child and one store client.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from hashlib import sha256
from itertools import islice
from pathlib import Path

from pydantic import SecretStr

from datazones import lacking
from datazones.backfilling import Ledger
from datazones.backfilling.answered import Answered
from datazones.catalogue import Agency, Catalogue, Feed, Zone, installed
from datazones.catalogue.asking import requests
from datazones.copies import forget
from datazones.errors import CatalogueInvalid
from datazones.landing import Landing
from datazones.model import Parent, Request, Window
from datazones.publishing import SCRATCH, Book, Signer, Store, StoreAddress, last_pulled, probe, refuse_unsafe
from datazones.reconciling import Rules
from datazones.settings import Settings, settings
from datazones.sharing import Shared
from datazones.staging import Reader
from datazones.transport import Manners, Proxies, Transport
from datazones.transport.collecting import Asks
from datazones.transport.quota import Quota
from datazones.warehouse.connecting import Limits
from expectations.examiner import Examiner
from infra import local_s3, presence
from infra.upkeep.place import Place

READING_DEADLINE_S = 900.0

A_DAY_S = 86_400.0

NEIGHBOURS = 2
"""Zones that a candidate is compared with: what all were told alike, two of them have."""


@dataclass
class Equipment:
    """The tools, each made at its first use. `spent` adds up the seconds of our own work, by verb."""

    settings: Settings
    catalogue: Catalogue
    _stack: ExitStack
    spent: dict[str, float] = field(default_factory=dict)
    _transports: dict[str, Transport] = field(default_factory=dict)

    @cached_property
    def store(self) -> Store:
        """The object store. Once a day each machine forgets what it has of it and did not use."""
        address = store_address(self.settings, self._stack)
        self._daily("forgotten", address, self._forget)
        probing = partial(self._daily, "probed", address, partial(_probe, address))
        return self._stack.enter_context(Store.at(address, probing))

    def _daily(self, what: str, address: StoreAddress, do: Callable[[], None]) -> None:
        """Do it unless it was done of this store within a day."""
        done = self.settings.home / what / sha256(f"{address.url} {address.bucket}".encode()).hexdigest()
        if not done.exists() or time.time() - done.stat().st_mtime > A_DAY_S:
            do()
            done.parent.mkdir(parents=True, exist_ok=True)
            done.touch()

    def _forget(self) -> None:
        for folder in (self.settings.home / "landing", self.generations):
            forget(folder)

    @cached_property
    def reader(self) -> Reader:
        return self._stack.enter_context(Reader(self.settings.memory_limit_mb, READING_DEADLINE_S))

    @cached_property
    def examiner(self) -> Examiner:
        standby = self.settings.gate or Place.of(self.settings.home).gate
        return self._stack.enter_context(Examiner(standby=standby))

    def warm(self) -> None:
        """Start what every refresh needs and what takes its time: the reading child and the store."""
        self.reader.warm()
        self.store.admit()

    def transport(self, agency: Agency) -> Transport:
        """The client for one provider, with that provider's manners."""
        if agency.agency_id not in self._transports:
            transport = Transport(
                manners(self.settings, agency, _shared_turns(agency)),
                clock=self.settings.clock,
                providers_base=str(self.settings.providers_base) if self.settings.providers_base else None,
                proxies=Proxies(os.environ),
            )
            self._transports[agency.agency_id] = self._stack.enter_context(transport)
        return self._transports[agency.agency_id]

    def asks(self, agency: Agency) -> Asks:
        """Who answers one collecting of this provider's: the client, or whoever has just asked the same."""
        transport, fresh = self.transport(agency), self.settings.fresh
        return Shared(transport, self.store, self.settings.clock, fresh) if fresh else transport

    def waits(self, agency: Agency) -> dict[str, float]:
        """By host of the provider, the seconds until it may be asked again; of those alone that have to wait."""
        rate, folder = calls_per_minute(self.settings, agency), self.settings.home / "quota"
        hosts = {host: Quota(folder, host, rate).wait() for host in agency.hosts} if rate else {}
        return {host: seconds for host, seconds in hosts.items() if seconds}

    def questions(self, feed: Feed, zone: Zone, window: Window, now: datetime) -> tuple[Request, ...]:
        """Every question of the feed, with the secrets that its agency knows us by."""
        agency = self.catalogue.agency_of(feed)
        secrets = {param: self.settings.secret(name, agency.docs) for param, name in agency.secrets.items()}
        return requests(feed, zone, window, now, secrets)

    def asking_zone(self, feed: Feed, wanted: str | None = None) -> Zone:
        """The zone that a feed is asked for outside a run: the one wanted, else the first that takes it, else any."""
        if wanted is not None:
            return self.catalogue.collecting(wanted)
        return next(iter((*self.catalogue.zones_of(feed), *self.catalogue.zones.values())))

    def book(self, zone: Zone) -> Book:
        """The zone's slot book."""
        return Book(self.store, zone.prefix, zone.zone_id)

    def rules(self, zone: Zone) -> Rules:
        """How the zone's slots are accounted for."""
        return Rules(zone.schedule, self.catalogue.catches_up_each(zone), zone.patience)

    def landing(self, zone: Zone) -> Landing:
        return Landing(self.store, zone.prefix, self.settings.home / "landing")

    def ledger(self, zone_id: str) -> Ledger:
        """The zone's backfills."""
        return Ledger(self.store, self.catalogue.zone(zone_id).prefix)

    def answered(self, zone: Zone, feed: Feed) -> Answered:
        """What the provider has answered before about this feed."""
        landing = self.landing(zone)
        return Answered(self.store, landing, zone.prefix, self.settings.home / "landing", feed.feed_id)

    @cached_property
    def limits(self) -> Limits:
        return Limits(self.settings.memory_limit_mb, self.settings.threads, self.settings.home / "spill")

    @property
    def staged(self) -> Path:
        """Where readings wait for their load."""
        return self.settings.home / "staged"

    @property
    def generations(self) -> Path:
        """Published files that somebody wanted to look at, by zone and manifest."""
        return self.settings.home / "generations"

    @property
    def rebuilding(self) -> Path:
        """Where zones are made again, beside the working copies."""
        return self.settings.home / "rebuilding"

    def rehearsal(self, zone: Zone) -> Path:
        """A copy of the working copy on which something is tried out."""
        return self.settings.home / "rehearsals" / f"{zone.zone_id}.duckdb"

    def working(self, zone: Zone) -> Path:
        return self.settings.home / "working" / f"{zone.zone_id}.duckdb"

    def published(self, zone: Zone) -> Path:
        return self.settings.home / "published" / f"{zone.zone_id}.duckdb"

    def members(self, hub: Zone) -> Path:
        """The folder of the snapshots that a hub is built from."""
        return self.settings.home / "members" / hub.zone_id

    def standing(self, zone_id: str) -> Parent | None:
        """The snapshot that was pulled here last; None if none was."""
        pulled = last_pulled(self.published(self.catalogue.zone(zone_id)))
        return Parent(pulled.generation, pulled.snapshot_id, pulled.load_id) if pulled else None

    def neighbours(self, zone: Zone) -> dict[str, Path]:
        """The published files, where they are on this machine, of two other zones that share a topic of this one."""
        others = (other for other in self.catalogue.zones.values() if other != zone)
        sharing = ((other.zone_id, self.published(other)) for other in others if set(other.shares) & set(zone.topics))
        return dict(islice(((zone_id, path) for zone_id, path in sharing if path.exists()), NEIGHBOURS))

    def candidate(self, zone: Zone) -> Path:
        return self.settings.home / "candidates" / f"{zone.zone_id}.duckdb"

    def parts(self, zone: Zone) -> Path:
        return self.settings.home / "candidates" / f"{zone.zone_id}.parts"

    def signer(self, zone: Zone) -> Signer:
        """The zone's private key: the one set for it, else that for all, else one kept in home, made at first use."""
        given = self._given_key(zone)
        signer = Signer.from_hex(given.get_secret_value()) if given else Signer.kept_at(self._own_key(zone))
        if zone.public_keys and signer.public_key not in zone.public_keys:
            raise CatalogueInvalid(
                f"the signing key of {zone.zone_id}",
                found=f"one whose public half is {signer.public_key}",
                expected=f"one of {', '.join(zone.public_keys)}, as the zone's file says",
                next_step=f"set DATAZONES_SIGNING_KEYS__{zone.zone_id.upper()} to the zone's key, or put the new "
                "public key into the zone's file",
            )
        return signer

    def trusted(self, zone: Zone) -> frozenset[str]:
        """The public keys whose snapshots of the zone are read; none: the first that is seen is remembered."""
        if zone.public_keys:
            return frozenset(zone.public_keys)
        own = self._given_key(zone) is not None or self._own_key(zone).exists()
        return frozenset({self.signer(zone).public_key}) if own else frozenset()

    def _given_key(self, zone: Zone) -> SecretStr | None:
        return self.settings.signing_keys.get(zone.zone_id, self.settings.signing_key)

    def _own_key(self, zone: Zone) -> Path:
        return self.settings.home / "keys" / f"{zone.zone_id}.key"

    @contextmanager
    def spending(self, verb: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.spent[verb] = self.spent.get(verb, 0.0) + time.perf_counter() - begun


def _probe(address: StoreAddress) -> None:
    """Before anything is written: a store that ignores a condition would lose somebody's snapshot. Who only reads need
    not have the right to write; and asking so before every run would be most of what a run asks in which nothing is
    new."""
    with Store.at(address) as store:
        refuse_unsafe(probe(store, SCRATCH))


def store_address(chosen: Settings, stack: ExitStack) -> StoreAddress:
    """The store the settings name; else the embedded one, running for as long as `stack` lasts."""
    if chosen.store_url is None:
        return stack.enter_context(local_s3.running(chosen.home / "store", chosen.store_bucket))
    return StoreAddress(
        str(chosen.store_url),
        chosen.store_bucket,
        chosen.store_access_key.get_secret_value() if chosen.store_access_key else None,
        chosen.store_secret_key.get_secret_value() if chosen.store_secret_key else None,
        chosen.store_region,
    )


def manners(chosen: Settings, agency: Agency, shared: Callable[[float], float] | None = None) -> Manners:
    """How this installation behaves towards one provider; `shared` gives the turns that several machines share."""
    rate = calls_per_minute(chosen, agency)
    return Manners(
        user_agent=f"datazones (+{chosen.contact})",
        allowed_hosts=frozenset(agency.hosts),
        calls_per_minute=rate,
        quota_folder=chosen.home / "quota",
        turns=shared if rate else None,
    )


def _shared_turns(agency: Agency) -> Callable[[float], float] | None:
    if "PREFECT_API_URL" not in os.environ:
        return None
    from tasks.quotas import Turns, limit_name  # Prefect is imported where there is a server only

    return Turns(limit_name(agency)).take


def calls_per_minute(chosen: Settings, agency: Agency) -> float | None:
    """The quota that is kept to: simulated providers have none, unless an hour of theirs is said to last so long."""
    if chosen.providers_base is None:
        return agency.calls_per_minute
    return agency.calls_per_minute * 3600 / chosen.simulated_hour_s if chosen.simulated_hour_s else None


_current: Equipment | None = None


@contextmanager
def equipped() -> Iterator[Equipment]:
    """The equipment of this process: opened here if nobody has yet, and then closed here.

    DiskFull, MemoryShort or NotPermitted where that is why something within it failed.
    """
    global _current
    if _current is not None:
        with lacking.told(_current.settings.home):
            yield _current
        return
    chosen = settings()
    with lacking.told(chosen.home), ExitStack() as stack:
        presence.hold(chosen.home)
        _current = Equipment(chosen, installed(chosen), stack)
        try:
            yield _current
        finally:
            _current = None
