"""What the rules read: both files and the neighbours' attached read-only, everything else shut off, and the stage made.

The stage is the SQL of `stage/`: numbered, `unpublished.sql` for a zone without a snapshot, and `hub.sql` for a hub,
where all others have `alone.sql`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path

from sqlalchemy import Connection

from datazones.catalogue.releasing import newest
from expectations.case import Case

STAGE = Path(__file__).parent / "stage"

SCRIPTS = [path.read_text(encoding="utf-8") for path in sorted(STAGE.glob("[0-9]*.sql"))]

_NEIGHBOUR = {
    "neighbour_vintage": "SELECT {zone} AS zone_id, feed_id, known_at FROM {name}.vintage",
    "neighbour_latest": "SELECT {zone} AS zone_id, feed_id, series_key, time_period, period_start, period_end, "
    "obs_value FROM {name}.latest JOIN {name}.series USING (series_id)",
}
"""What is read of a neighbour, as {zone}, attached as {name}."""


def stage(connection: Connection, case: Case) -> None:
    """Make the views and tables that the rules read."""
    _bound(connection, case)
    _attach(connection, case)
    connection.exec_driver_sql("SET enable_external_access = false")
    connection.exec_driver_sql("SET lock_configuration = true")
    connection.exec_driver_sql(
        "CREATE TABLE examination AS SELECT ? AS zone_id, ?::DATE AS today, ?::BOOLEAN AS published, ?::JSON AS feeds",
        (case.zone_id, case.today, case.published is not None, _declared(case)),
    )
    for script in (*SCRIPTS, _script("hub" if _is_hub(connection) else "alone")):
        connection.exec_driver_sql(script)
    connection.commit()


def _declared(case: Case) -> str:
    """The feeds as JSON, each with the day of the provider's last release before today where it has a calendar."""
    midnight = datetime.combine(case.today, time(), UTC)
    rows = []
    for feed in case.feeds:
        released = newest(feed.release, midnight) if feed.release else None
        rows.append({**feed.model_dump(mode="json"), "released_on": released and released.date().isoformat()})
    return json.dumps(rows)


def _bound(connection: Connection, case: Case) -> None:
    connection.exec_driver_sql(f"SET memory_limit = '{case.memory_mb}MiB'")
    connection.exec_driver_sql(f"SET threads = {case.threads}")
    connection.exec_driver_sql(f"SET temp_directory = {_literal(case.spill)}")


def _attach(connection: Connection, case: Case) -> None:
    connection.exec_driver_sql(f"ATTACH {_literal(case.candidate)} AS candidate (READ_ONLY)")
    if case.published:
        connection.exec_driver_sql(f"ATTACH {_literal(case.published)} AS published (READ_ONLY)")
    else:
        connection.exec_driver_sql(_script("unpublished"))
    names = {f"neighbour_{number}": zone for number, zone in enumerate(case.neighbours)}
    for name, zone in names.items():
        connection.exec_driver_sql(f"ATTACH {_literal(case.neighbours[zone])} AS {name} (READ_ONLY)")
    for view, sql in _NEIGHBOUR.items():
        each = [sql.format(zone=_literal(zone), name=name) for name, zone in names.items()]
        own = sql.format(zone="NULL::VARCHAR", name="candidate") + " WHERE false"
        connection.exec_driver_sql(f"CREATE VIEW {view} AS " + " UNION ALL ".join([own, *each]))


def _is_hub(connection: Connection) -> bool:
    """Whether the candidate is built from others."""
    found = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'candidate' AND table_name = 'contribution'"
    return bool(connection.exec_driver_sql(found).scalar())


def _script(name: str) -> str:
    return (STAGE / f"{name}.sql").read_text(encoding="utf-8")


def _literal(thing: object) -> str:
    """As a SQL string: ATTACH and SET take no parameters."""
    text = str(thing).replace("'", "''")
    return f"'{text}'"
