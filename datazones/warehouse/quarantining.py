"""Taking single observations out of what is known, as if their vintage had not said them, until a person releases them.

What a vintage replaced is known again, and a sighting says that the vintage said nothing of it; so every later vintage,
in whatever order, is compared with the right state (docs/adr/0008). Nothing is lost: the row lies in `quarantine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from datazones.errors import UnknownCode
from datazones.model import Broken, Quarantined
from datazones.warehouse.connecting import Limits, opened

_KEY = "series_id, period_start, period_end"
_SAID = f"{_KEY}, time_period, obs_value, obs_status, conf_status, comment_obs, obs_attributes"
_STATE = f"{_SAID}, known_from, vintage_id"
_NAMES = ", ".join(field.name for field in fields(Quarantined))
_TAKEN = """
    SELECT s.series_id, q.* FROM quarantine AS q JOIN series AS s USING (feed_id, series_key)
    SEMI JOIN coverage AS c
    ON c.vintage_id = q.vintage_id AND c.series_id = s.series_id AND c.first_start <= c.last_start
    WHERE q.quarantine_id = $id
"""
"""Of the segments of a series it is the one that its vintage gave."""
_SAME = "t.series_id = k.series_id AND t.period_start = k.period_start AND t.period_end = k.period_end"


def quarantined(connection: duckdb.DuckDBPyConnection) -> tuple[Quarantined, ...]:
    """Every row that was ever set aside, the oldest first."""
    rows = connection.execute(f"SELECT {_NAMES} FROM quarantine ORDER BY quarantine_id").fetchall()
    return tuple(Quarantined(*map(_aware, row)) for row in rows)


def standing(path: Path, limits: Limits) -> tuple[Quarantined, ...]:
    """The rows of a file that wait, and those released that are still what is known."""
    with opened(path, limits, read_only=True) as connection:
        known = connection.execute(
            "SELECT quarantine_id FROM quarantine AS q JOIN series AS s USING (feed_id, series_key) JOIN latest AS l "
            "ON l.series_id = s.series_id AND (l.period_start, l.period_end, l.known_from) "
            "= (q.period_start, q.period_end, q.decided_at) WHERE decision = 'released'"
        ).fetchall()
        released = {number for (number,) in known}
        rows = quarantined(connection)
    return tuple(row for row in rows if row.decision == "waiting" or row.quarantine_id in released)


def load_of(connection: duckdb.DuckDBPyConnection, broken: Broken) -> int | None:
    """The load that brought what is known of this place; None where nothing is, or where more than one state is."""
    rows = connection.execute(
        "SELECT load_id FROM latest JOIN series USING (series_id) JOIN vintage USING (vintage_id) "
        "WHERE series.feed_id = ? AND series_key = ? AND time_period = ?",
        [broken.feed_id, broken.series_key, broken.time_period],
    ).fetchall()
    return int(rows[0][0]) if len(rows) == 1 else None


def set_aside(connection: duckdb.DuckDBPyConnection, broken: Broken, at: datetime) -> None:
    """Move what is known of this place into quarantine; what it had replaced is known again."""
    ((number,),) = connection.execute("SELECT coalesce(max(quarantine_id), 0) + 1 FROM quarantine").fetchall()
    connection.execute(
        """
        INSERT INTO quarantine BY NAME
        SELECT $id AS quarantine_id, $rule AS rule, $found AS complaint, l.* EXCLUDE (series_id), s.feed_id,
               s.series_key, load_id,
               $digest AS raw_digest, $place AS raw_place, $at AS set_aside_at, 'waiting' AS decision
        FROM latest AS l JOIN series AS s USING (series_id) JOIN vintage USING (vintage_id)
        WHERE s.feed_id = $feed AND series_key = $key AND time_period = $period
        """,
        {
            "id": number, "rule": broken.rule, "found": broken.found, "digest": broken.raw_digest,
            "place": broken.raw_place, "at": _naive(at), "feed": broken.feed_id,
            "key": broken.series_key, "period": broken.time_period,
        },
    )  # fmt: skip
    _take_out(connection, number)


def repeat(connection: duckdb.DuckDBPyConnection, rows: Sequence[Quarantined], load_id: int) -> None:
    """What was set aside and decided after this load, done again as it was done then."""
    marks = ", ".join("?" for _ in fields(Quarantined))
    for row in rows:
        if row.load_id == load_id:
            plain = [cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in astuple(row)]
            connection.execute(f"INSERT INTO quarantine ({_NAMES}) VALUES ({marks})", plain)
            _take_out(connection, row.quarantine_id)
    for row in sorted(rows, key=lambda row: row.decided_at or row.set_aside_at):
        if row.decided_load == load_id and row.decision == "released" and row.decided_at:
            _release(connection, row.quarantine_id, row.decided_at)


def decide(
    connection: duckdb.DuckDBPyConnection, number: int, decision: str, *, by: str, because: str, at: datetime
) -> Quarantined:
    """Write down what a person decided; a released row is what is known from now on.

    UnknownCode when there is no such row that waits, or when a later vintage has said something else since.
    """
    found = next((row for row in quarantined(connection) if row.quarantine_id == number), None)
    if found is None or found.decision != "waiting":
        raise UnknownCode(
            f"quarantine {number}",
            found=f"one that was {found.decision} by {found.decided_by}" if found else "no such row",
            expected="a row that waits",
            next_step="`datazones quarantine list ZONE` shows them",
        )
    if decision == "released":
        _release(connection, number, at)
    connection.execute(
        "UPDATE quarantine SET decision = ?, decided_by = ?, because = ?, decided_at = ?, "
        "decided_load = (SELECT max(load_id) FROM load_log) WHERE quarantine_id = ?",
        [decision, by, because, _naive(at), number],
    )
    return found


def _take_out(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Its state leaves `latest`; the one before it, if its vintage had replaced one, comes back there."""
    named = {"id": number}
    connection.execute(f"DELETE FROM latest AS t USING ({_TAKEN}) AS k WHERE {_SAME}", named)
    before = f"FROM superseded AS t JOIN ({_TAKEN}) AS k ON {_SAME} AND t.superseded_by = k.vintage_id"
    _uncount(connection, number, f"(SELECT any_value(t.change) {before})")
    connection.execute(
        "INSERT INTO sighting BY NAME SELECT k.vintage_id, t.series_id, t.period_start, t.period_end, "
        f"'nothing' AS said {before}",
        named,
    )
    state = ", ".join(f"t.{name}" for name in _STATE.split(", "))
    connection.execute(f"INSERT INTO latest BY NAME SELECT {state} {before}", named)
    connection.execute(
        f"DELETE FROM superseded AS t USING ({_TAKEN}) AS k WHERE {_SAME} AND t.superseded_by = k.vintage_id", named
    )


def _release(connection: duckdb.DuckDBPyConnection, number: int, at: datetime) -> None:
    """A vintage of its own says it, known from the decision on: what readers knew until then stays what they knew."""
    named = {"id": number, "at": _naive(at)}
    _refuse_overtaken(connection, number)
    change = "CASE WHEN t.obs_value IS NULL AND k.obs_value IS NOT NULL THEN 'filled' ELSE 'revised' END"
    held = f"FROM latest AS t JOIN ({_TAKEN}) AS k ON {_SAME}"
    ((revised,),) = connection.execute(
        f"SELECT count(*) FILTER (said = 'revised') FROM (SELECT {change} AS said {held})", {"id": number}
    ).fetchall()
    connection.execute(
        "INSERT INTO vintage BY NAME SELECT (SELECT max(vintage_id) + 1 FROM vintage) AS vintage_id, feed_id, load_id, "
        "$at AS known_at, $at AS retrieved_at, 1 AS observations, $revised AS revised, 1 - $revised AS added, "
        "0 AS withdrawn, 0 AS ignored FROM quarantine WHERE quarantine_id = $id",
        {**named, "revised": revised},
    )
    newest = "(SELECT max(vintage_id) FROM vintage)"
    connection.execute(
        f"INSERT INTO superseded BY NAME SELECT t.*, $at AS known_to, {newest} AS superseded_by, {change} AS change "
        f"{held}",
        named,
    )
    connection.execute(f"DELETE FROM latest AS t USING ({_TAKEN}) AS k WHERE {_SAME}", {"id": number})
    connection.execute(
        f"INSERT INTO latest BY NAME SELECT {_SAID}, $at AS known_from, {newest} AS vintage_id FROM ({_TAKEN})", named
    )
    connection.execute(
        f"INSERT INTO coverage BY NAME SELECT {newest} AS vintage_id, series_id, period_start AS first_start, "
        f"period_start AS last_start FROM ({_TAKEN})",
        {"id": number},
    )


def _uncount(connection: duckdb.DuckDBPyConnection, number: int, change: str) -> None:
    """The vintage's own counts follow: of what it revised, else of what it added."""
    connection.execute(
        f"UPDATE vintage SET revised = revised - CASE {change} WHEN 'revised' THEN 1 ELSE 0 END, "
        f"added = added - CASE {change} WHEN 'revised' THEN 0 ELSE 1 END "
        "WHERE vintage_id = (SELECT vintage_id FROM quarantine WHERE quarantine_id = $id)",
        {"id": number},
    )


def _refuse_overtaken(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    row = connection.execute(
        f"SELECT t.vintage_id FROM history AS t JOIN ({_TAKEN}) AS k ON {_SAME} "
        "WHERE (t.known_from, t.vintage_id) > (k.known_from, k.vintage_id) OR t.known_to > k.known_from LIMIT 1",
        {"id": number},
    ).fetchone()
    if row:
        raise UnknownCode(
            f"quarantine {number}",
            found=f"vintage {row[0]}, which has said something else of it since",
            expected="an observation that nothing has been said of since",
            next_step="reject it: what is known now came later",
        )


def _naive(instant: datetime) -> datetime:
    """As a TIMESTAMP column holds it: UTC, without saying so."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def _aware(cell: Any) -> Any:  # noqa: ANN401 - a cell of any column
    return cell.replace(tzinfo=UTC) if isinstance(cell, datetime) else cell
