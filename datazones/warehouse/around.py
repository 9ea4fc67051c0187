"""A few series of a candidate around the places that the gate named, beside the same series as published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from datazones.model import Curve, Point
from datazones.warehouse.connecting import Limits, literal, opened

PERIODS = 20
"""Periods to either side of a place."""

_HELD = "SELECT feed_id, series_key, l.* FROM {of}latest AS l JOIN {of}series USING (series_id)"
_AROUND = f"""
WITH now AS (
    FROM examined WHERE feed_id = $feed AND series_key = $key
), before AS (
    FROM published_before WHERE feed_id = $feed AND series_key = $key
), paired AS (
    SELECT coalesce(n.time_period, b.time_period) AS time_period, n.obs_value, b.obs_value AS obs_value_before,
           row_number() OVER (ORDER BY period_start, period_end) AS nth
    FROM now AS n FULL JOIN before AS b USING (period_start, period_end)
), middle AS (
    SELECT coalesce(min(nth) FILTER (time_period = $period), max(nth)) AS nth FROM paired
)
SELECT time_period, obs_value, obs_value_before FROM paired
WHERE abs(nth - (SELECT nth FROM middle)) <= {PERIODS} ORDER BY nth
"""


def around(
    candidate: Path, published: Path | None, places: Sequence[tuple[str, str, str | None]], limits: Limits
) -> tuple[Curve, ...]:
    """The curve of each place (feed, series key, period or None) that there is something to show of."""
    if not places:
        return ()
    reach = [published.parent] if published else []
    with opened(candidate, limits, read_only=True, reach=reach) as connection:
        connection.execute(f"CREATE TEMP VIEW examined AS {_HELD.format(of='')}")
        if published:
            connection.execute(f"ATTACH {literal(published)} AS published (READ_ONLY)")
        before = _HELD.format(of="published." if published else "") + ("" if published else " LIMIT 0")
        connection.execute(f"CREATE TEMP VIEW published_before AS {before}")
        curves = [_curve(connection, place) for place in places]
    return tuple(curve for curve in curves if curve.points)


def _curve(connection: duckdb.DuckDBPyConnection, place: tuple[str, str, str | None]) -> Curve:
    feed_id, series_key, time_period = place
    about = connection.execute(
        "SELECT title, unit_measure FROM series WHERE feed_id = ? AND series_key = ?", [feed_id, series_key]
    ).fetchone()
    named = {"feed": feed_id, "key": series_key, "period": time_period}
    points = tuple(Point(*row) for row in connection.execute(_AROUND, named).fetchall())
    title, unit_measure = about or (None, None)
    return Curve(feed_id, series_key, time_period, title, unit_measure, points)
