"""`datazones doctor`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

ROOM = 3
"""So many times a zone's file may a run write beside it: a reading, a candidate with its Parquet, a copy."""

SPARE_MB = 256
"""For raw answers, for Prefect and for logs."""


@click.command()
@click.option("--policies", is_flag=True, help="Print the IAM policy that each zone's key needs, as JSON, and stop.")
@click.option("--readers", is_flag=True, help="With --policies: of keys that only read what zones have published.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(policies: bool, readers: bool, as_json: bool) -> None:
    """Check the installation before it is relied on: settings, catalogue, versions, disk, and what the store does.

    The store is probed with objects of its own: create-only puts, compare-and-swap, a race of two writers. One that
    ignores a condition is refused, because it would lose a snapshot one day. So is a Prefect server that others can
    reach and that asks nobody who they are.

    \b
    datazones doctor
    datazones doctor --policies
    datazones doctor --policies --readers
    """
    if policies:
        _print_policies(readers=readers)
        return
    from datazones.cli import printing
    from datazones.cli.reaching import reached
    from datazones.errors import DatazonesError
    from datazones.lacking import told

    found, gravest = [], 0
    for name, check in _checks():
        try:
            with reached(), told(Path()):
                found.append({"check": name, "well": True, "found": check()})
        except DatazonesError as error:
            gravest = max(gravest, error.exit_code)
            found.append({"check": name, "well": False, "found": f"{error.found}; {error.next_step}"})
    printing.rows(found, as_json=as_json)
    sys.exit(gravest)


def _print_policies(*, readers: bool) -> None:
    """By zone: read and put under its own prefix, delete only what a probe left; a hub reads its members as well. Or of
    readers: what is published, and no raw answers."""
    import json

    from datazones.catalogue import installed
    from datazones.publishing import policy, reading_policy
    from datazones.settings import settings

    chosen = settings()
    catalogue = installed(chosen)
    policies = {
        zone.zone_id: reading_policy(chosen.store_bucket, zone.prefix)
        if readers
        else policy(chosen.store_bucket, zone.prefix, members=[each.prefix for each in catalogue.members_of(zone)])
        for zone in catalogue.publishing
    }
    click.echo(json.dumps(policies, indent=2))


def _checks() -> Iterator[tuple[str, Callable[[], str]]]:
    yield "settings", _settings
    yield "catalogue", _catalogue
    yield "way to providers", _way
    yield "versions", _versions
    yield "disk", _disk
    yield "object store", _store
    yield "Prefect's server", _prefect
    yield "scheduler", _scheduler


def _settings() -> str:
    from datazones.settings import settings

    given = settings().model_dump(exclude_defaults=True)
    return ", ".join(f"{name} = {chosen}" for name, chosen in given.items()) or "defaults"


def _catalogue() -> str:
    from datazones.catalogue import installed
    from datazones.settings import settings

    catalogue = installed(settings())
    counted = {name: len(getattr(catalogue, name)) for name in ("zones", "hubs", "feeds", "agencies")}
    return ", ".join(f"{name} {number}" for name, number in counted.items())


def _way() -> str:
    """How providers are asked; nobody is asked for it."""
    import os
    from collections import Counter

    from datazones.catalogue import installed
    from datazones.settings import settings
    from datazones.transport import Proxies

    if base := settings().providers_base:
        return f"a simulator in their place, {base}"
    proxies = Proxies(os.environ)
    agencies = installed(settings()).agencies.values()
    ways = Counter(proxies.of(f"https://{host}/") for agency in agencies for host in agency.hosts)
    return "; ".join(
        f"hosts asked {f'through {proxy}' if proxy else 'directly'}: {many}" for proxy, many in ways.items()
    )


def _versions() -> str:
    from importlib.metadata import version

    return ", ".join(
        f"{name} {version(name)}" for name in ("prefect", "great-expectations", "duckdb", "polars", "boto3")
    )


def _disk() -> str:
    from datazones.errors import DiskFull
    from datazones.lacking import room
    from datazones.settings import settings

    home = settings().home.absolute()
    free, there = room(home)
    files = (path for name in ("working", "published") for path in (home / name).glob("*.duckdb"))
    needed = SPARE_MB + ROOM * max((path.stat().st_size for path in files), default=0) // 1_000_000
    if free // 1_000_000 < needed:
        raise DiskFull(
            str(home),
            found=f"{free // 1_000_000:,} MB free at {there}, where a run may need {needed:,}",
            expected=f"room for {ROOM} times the largest zone",
            next_step="make room there, or set DATAZONES_HOME to a larger disk",
        )
    return f"{free // 1_000_000:,} MB free at {there}; a run may need {needed:,}"


def _prefect() -> str:
    from datazones.cli.guarding import guarded
    from datazones.settings import settings

    return guarded(settings().home)


def _store() -> str:
    from contextlib import ExitStack

    from datazones.publishing import SCRATCH, Store, probe, refuse_unsafe
    from datazones.settings import settings
    from tasks.equip import store_address

    with ExitStack() as stack:
        store = stack.enter_context(Store.at(store_address(settings(), stack)))
        probes = probe(store, SCRATCH)
        refuse_unsafe(probes)
    return ", ".join(probe.name for probe in probes)


def _scheduler() -> str:
    from datazones.cli.serving import kept_up
    from datazones.errors import SchedulerSilent

    with kept_up():
        from datazones.cli.reconciling import silent_zones

        found = silent_zones()
    if found is None:
        return "no Prefect server is set, and none is up here; nothing is scheduled"
    if found:
        raise SchedulerSilent(
            "Prefect's scheduler",
            found="no run planned lately for " + ", ".join(found),
            expected="a run for each of the last two slots",
            next_step="read the server's log and start it anew; the reconciler makes up for what is missed",
        )
    return "every zone has its runs"
