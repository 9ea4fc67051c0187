"""A hub's warehouse out of the published files of its members: the union of what they share, and the marts over it.

Everything is made anew from the files that are given, so that the same snapshots give the same tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path

import duckdb

from datazones.model import Contribution
from datazones.warehouse import migrating, schema
from datazones.warehouse.connecting import Limits, insert, literal, opened
from datazones.warehouse.exporting import STORAGE_VERSION, Exported, held_feeds
from datazones.warehouse.fingerprinting import contents
from datazones.warehouse.marts import Mart, marts
from datazones.warehouse.parting import sha256_of, write_parts
from datazones.warehouse.working import naive

KIND = "hub"

OWN = ("contribution", "origin", "mart")
"""The tables of a hub that no other warehouse has, but for its marts."""

_TOLD = ("series", "vintage", "latest", "superseded", "restatement", "restated")
"""What is taken from a member's file. The rest is how that zone came to it, and stays there."""


def unite(
    hub: Sequence[str],
    feeds: Sequence[Sequence[str]],
    members: Sequence[Contribution],
    into: Path,
    limits: Limits,
    parts: Path,
) -> Exported:
    """Write the hub's warehouse to a new file, and its figures as Parquet to the folder `parts`.

    `hub` and `feeds` are the rows of the tables `zone` and `feed`. WarehouseNewer where a member's file has a later
    layout than this Datazones knows.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    into.unlink(missing_ok=True)
    files = {member.zone_id: _of_today(Path(member.path), limits) for member in members if member.path}
    with opened(None, limits, reach=[into.parent, *{path.parent for path in files.values()}]) as connection:
        connection.execute(f"ATTACH {literal(into)} AS candidate (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE candidate")
        schema.create(connection)
        connection.execute(_script("hub.sql"))
        insert(connection, "zone", hub)
        for feed in feeds:
            insert(connection, "feed", feed)
        for member in members:
            insert(connection, "contribution", _row(member))
        _tell(connection, files)
        connection.execute(_script("uniting.sql"))
        for mart in marts(KIND):
            _make(connection, mart)
        schema.explain(
            connection, {(mart.name, name): said for mart in marts(KIND) for name, said in mart.columns.items()}
        )
        connection.execute("CHECKPOINT candidate")
        connection.execute("USE memory")
        connection.execute("DETACH candidate")
    return _examined(into, limits, parts)


def united() -> tuple[str, ...]:
    """The tables that a hub has beside those of every warehouse."""
    return (*OWN, *(mart.name for mart in marts(KIND)))


def is_united(path: Path, members: Sequence[Contribution], limits: Limits) -> bool:
    """Whether this hub's file was made from just these snapshots, by the SQL of today."""
    with opened(path, limits, read_only=True) as connection, suppress(duckdb.CatalogException):
        made = connection.execute("SELECT mart_id, sql_sha256 FROM mart ORDER BY mart_id").fetchall()
        held = connection.execute("FROM contribution ORDER BY zone_id").fetchall()
        return made == _marts() and held == sorted(tuple(_row(member)) for member in members)
    return False


def _examined(path: Path, limits: Limits, parts: Path) -> Exported:
    """What is in the file."""
    with opened(None, limits, reach=[path.parent, parts.parent]) as connection:
        connection.execute(f"ATTACH {literal(path)} AS candidate (READ_ONLY)")
        found = contents(connection, "candidate", (*schema.PUBLISHED, *united()))
        tables = tuple(content.table() for content in found.values())
        made = write_parts(connection, "candidate", found, parts)
        return Exported(path, sha256_of(path), tables, held_feeds(connection), made)


def _of_today(path: Path, limits: Limits) -> Path:
    """The file, or a copy of it in today's layout where it has an earlier one."""
    with opened(path, limits, read_only=True) as connection:
        if not migrating.outdated(connection, path):
            return path
    brought_on = path.with_suffix(".migrated")
    migrating.migrate(path, brought_on, limits)
    return brought_on


def _tell(connection: duckdb.DuckDBPyConnection, files: dict[str, Path]) -> None:
    """The views told_*: a table of every member, with the zone that tells it."""
    names = {f"member_{number}": zone_id for number, zone_id in enumerate(files)}
    for name, zone_id in names.items():
        connection.execute(f"ATTACH {literal(files[zone_id])} AS {name} (READ_ONLY)")
    for table in _TOLD:
        nobody = f"SELECT NULL::VARCHAR AS zone_id, * FROM candidate.{table} WHERE false"
        each = [f"SELECT {literal(zone_id)} AS zone_id, * FROM {name}.{table}" for name, zone_id in names.items()]
        connection.execute(f"CREATE TEMP VIEW told_{table} AS " + " UNION ALL BY NAME ".join([nobody, *each]))


def _make(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    connection.execute(f"CREATE TABLE {mart.name} AS SELECT * FROM ({mart.sql}) ORDER BY ALL")
    connection.execute(f"COMMENT ON TABLE {mart.name} IS {literal(mart.about)}")
    insert(connection, "mart", (mart.name, mart.about, mart.digest))


def _marts() -> list[tuple[str, str]]:
    return [(mart.name, mart.digest) for mart in marts(KIND)]


def _row(member: Contribution) -> list[object]:
    """As the table `contribution` has it: what was taken, not the bytes it came in, which are never twice the same."""
    pin = member.pin
    return [
        *(member.zone_id, member.name_en, member.name_zh, member.ref_area, member.gb2260, member.state, member.reason),
        *((pin.generation, pin.snapshot_id) if pin else (None, None)),
        naive(member.as_of) if member.as_of else None,
        list(member.feeds),
    ]


def _script(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
