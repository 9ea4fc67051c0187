"""The strict loader: every file read, checked against its shape and against the others, before anything runs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from datazones import dialects, quirks
from datazones.catalogue.entries import Agency, Entry, Feed, Terms, Zone
from datazones.errors import CatalogueInvalid, UnknownCode
from datazones.periods import period
from datazones.settings import Settings
from datazones.validating import first_fault

SHIPPED = Path(__file__).parent

_FEEDS = (
    "`datazones feeds` lists them; one that zones have read keeps its file, also when it is given up "
    "(docs/adding-a-feed.md, 7)"
)

_Kind = TypeVar("_Kind", bound=Entry)


@dataclass(frozen=True)
class Catalogue:
    """All zones, feeds and agencies, by id. Hubs are zones too, kept apart: nothing is collected for them."""

    zones: Mapping[str, Zone]
    hubs: Mapping[str, Zone]
    feeds: Mapping[str, Feed]
    agencies: Mapping[str, Agency]

    def feeds_of(self, zone: Zone) -> tuple[Feed, ...]:
        """The feeds that serve a topic this zone wants, or a hub's members share, in the order of their ids."""
        shared = (topic for member in self.members_of(zone) for topic in member.shares)
        return self._serving({*zone.topics, *shared})

    def shared_by(self, zone: Zone) -> tuple[Feed, ...]:
        """The feeds whose observations this zone lets others read, in the order of their ids."""
        return self._serving(set(zone.shares))

    def members_of(self, hub: Zone) -> tuple[Zone, ...]:
        """The zones that a hub is built from, in the order of their ids: every one that shares something."""
        return tuple(zone for zone in self.zones.values() if zone.shares) if not hub.collects else ()

    @property
    def publishing(self) -> tuple[Zone, ...]:
        """All that publish: the zones, then the hubs, which are built from them."""
        return (*self.zones.values(), *self.hubs.values())

    def agency_of(self, feed: Feed) -> Agency:
        return self.agencies[feed.agency]

    def terms_of(self, feed: Feed) -> Terms:
        """The agency's terms, but for those that this feed has of its own."""
        agency = self.agency_of(feed)
        return Terms(*(getattr(feed, name) or getattr(agency, name) for name in Terms._fields))

    def zones_of(self, feed: Feed) -> tuple[Zone, ...]:
        """The zones that want a topic of this feed, in the order of their ids."""
        return tuple(zone for zone in self.zones.values() if set(feed.topics) & set(zone.topics))

    def catches_up_each(self, zone: Zone) -> bool:
        """Whether every missed slot of the zone is made up by itself, because one of its feeds wants that."""
        return any(feed.catch_up == "each" for feed in self.feeds_of(zone))

    @cached_property
    def topics(self) -> frozenset[str]:
        return frozenset(topic for feed in self.feeds.values() for topic in feed.topics)

    def zone(self, zone_id: str) -> Zone:
        """A zone or a hub."""
        return self._known("zone", {**self.zones, **self.hubs}, zone_id)

    def collecting(self, zone_id: str) -> Zone:
        """A zone that has providers; CatalogueInvalid for a hub, which has no raw answers and no working copy."""
        zone = self.zone(zone_id)
        if not zone.collects:
            raise CatalogueInvalid(
                f"zone {zone_id!r}",
                found="a hub, which collects nothing of its own",
                expected="one of " + ", ".join(self.zones),
                next_step=f"`datazones hub {zone_id}` builds it from what the zones have published",
            )
        return zone

    def hub(self, zone_id: str) -> Zone:
        """A hub; CatalogueInvalid for any other zone."""
        return self._known("hub", self.hubs, zone_id)

    def feed(self, feed_id: str) -> Feed:
        return self._known("feed", self.feeds, feed_id)

    def _serving(self, topics: set[str]) -> tuple[Feed, ...]:
        return tuple(feed for feed in self.feeds.values() if topics & set(feed.topics))

    @staticmethod
    def _known(kind: str, entries: Mapping[str, _Kind], name: str) -> _Kind:
        if name not in entries:
            raise CatalogueInvalid(
                f"{kind} {name!r}",
                found="no file of that name",
                expected="one of " + ", ".join(entries),
                next_step=_FEEDS if kind == "feed" else "`datazones zones` lists them",
            )
        return entries[name]


def installed(settings: Settings) -> Catalogue:
    """The catalogue of this installation. CatalogueInvalid names file and key."""
    return load(settings.zones_folder, settings.feeds_folder, settings.agencies_folder)


def load(zones: Path | None = None, feeds: Path | None = None, agencies: Path | None = None) -> Catalogue:
    """The catalogue in these folders (unset: the shipped ones). CatalogueInvalid names file and key."""
    publishing = entries(zones or SHIPPED / "zones", Zone, "zone_id")
    catalogue = Catalogue(
        zones={name: zone for name, zone in publishing.items() if zone.collects},
        hubs={name: zone for name, zone in publishing.items() if not zone.collects},
        feeds=entries(feeds or SHIPPED / "feeds", Feed, "feed_id"),
        agencies=entries(agencies or SHIPPED / "agencies", Agency, None),
    )
    _check(catalogue, feeds or SHIPPED / "feeds", zones or SHIPPED / "zones")
    return catalogue


def entries(folder: Path, kind: type[_Kind], own_id: str | None) -> dict[str, _Kind]:
    """Every TOML of a folder by its file's name, which is its `own_id`. CatalogueInvalid names file and key."""
    if not folder.is_dir():
        raise CatalogueInvalid(
            str(folder), found="no folder", expected="a folder of TOML files", next_step="correct the setting"
        )
    return {path.stem: _entry(path, kind, own_id) for path in sorted(folder.glob("*.toml"))}


def _entry(path: Path, kind: type[_Kind], own_id: str | None) -> _Kind:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(path, "the file", str(error), "TOML in UTF-8") from error
    if own_id is not None and own_id in given:
        raise _invalid(path, own_id, "the key", "no such key: the id is the file's name")
    try:
        return kind.model_validate(given if own_id is None else {own_id: path.stem, **given})
    except ValidationError as error:
        fault = first_fault(error)
        raise _invalid(path, ".".join(fault.at) or "the file", fault.found, fault.expected) from error


def _invalid(path: Path, key: str, found: str, expected: str) -> CatalogueInvalid:
    return CatalogueInvalid(
        f"{path}, key {key}", found=found, expected=expected, next_step=f"correct {key} in {path.name}"
    )


def _check(catalogue: Catalogue, feeds: Path, zones: Path) -> None:
    """What one file cannot know by itself."""
    for name, feed in catalogue.feeds.items():
        path = feeds / f"{name}.toml"
        if feed.agency not in catalogue.agencies:
            raise _invalid(path, "agency", feed.agency, "one of " + ", ".join(catalogue.agencies))
        if feed.dialect not in dialects.names():
            raise _invalid(path, "dialect", feed.dialect, "one of " + ", ".join(dialects.names()))
        _check_hosts(path, feed, catalogue.agency_of(feed))
        _check_mended(path, feed)
        _check_renames(path, feed)
    for zone in catalogue.publishing:
        path = zones / f"{zone.zone_id}.toml"
        if bool(zone.topics) != zone.collects:
            raise _invalid(path, "topics", str(list(zone.topics)), "topics of a jurisdiction, and none of a hub")
        unknown = sorted(set(zone.topics) - catalogue.topics)
        if unknown:
            raise _invalid(path, "topics", str(unknown), "topics that a feed serves: " + ", ".join(catalogue.topics))
        if not set(zone.shares) <= set(zone.topics):
            raise _invalid(path, "shares", str(zone.shares), "some of the zone's own topics")
    _check_prefixes(catalogue.publishing, zones)


def _check_hosts(path: Path, feed: Feed, agency: Agency) -> None:
    for asked in (feed.request, *feed.aside.values()):
        host = asked.url.removeprefix("https://").partition("/")[0]
        if host not in agency.hosts:
            raise _invalid(path, "request.url", host, f"a host of {agency.agency_id}: " + ", ".join(agency.hosts))


def _check_mended(path: Path, feed: Feed) -> None:
    for quirk in feed.quirks:
        if quirk not in quirks.known():
            raise _invalid(path, "quirks", quirk, "one of " + ", ".join(quirks.known()))
    ids = [correction.correction_id for correction in feed.corrections]
    for correction in feed.corrections:
        if ids.count(correction.correction_id) > 1:
            raise _invalid(path, "corrections.correction_id", correction.correction_id, "each id once")
        try:
            period(correction.time_period)
        except UnknownCode as error:
            raise _invalid(path, "corrections.time_period", error.found, error.expected) from error


def _check_renames(path: Path, feed: Feed) -> None:
    former = [rename.former_key for rename in feed.renames]
    for rename in feed.renames:
        if former.count(rename.former_key) > 1:
            raise _invalid(path, "renames.former_key", rename.former_key, "each former key once")
        if feed.keys_now[rename.former_key] in former:
            raise _invalid(path, "renames.series_key", rename.series_key, "a key that does not lead back to itself")


def _check_prefixes(zones: Iterable[Zone], folder: Path) -> None:
    taken: dict[str, str] = {}
    for zone in zones:
        for other, owner in taken.items():
            if f"{zone.prefix}/".startswith(f"{other}/") or f"{other}/".startswith(f"{zone.prefix}/"):
                raise _invalid(
                    folder / f"{zone.zone_id}.toml", "prefix", zone.prefix, f"a prefix outside that of {owner}"
                )
        taken[zone.prefix] = zone.zone_id
