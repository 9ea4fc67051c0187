"""What changed between two snapshots of a zone, feed by feed, as a statistician would ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from datazones.model import Brought, Revisions
from datazones.warehouse.connecting import Limits, literal, opened

_UNIT = "concat_ws('|', unit_measure, unit_mult::VARCHAR, base_per)"
"""What figures must have in common to be compared; a file of any layout tells it."""

_NAMED = """
CREATE TEMP TABLE named AS
SELECT row_number() OVER ()::INTEGER AS number, *
FROM (SELECT feed_id, series_key, {unit} AS unit FROM before.series
      UNION SELECT feed_id, series_key, {unit} AS unit FROM after.series)
"""
"""Series as both files know them, by number: joined by their names, ten million observations take six times as long."""

_SIDE = """
CREATE TEMP VIEW {side} AS
SELECT number, period_start, period_end, time_period, obs_value, hash(obs_status, conf_status, comment_obs) AS flags
FROM {file}.latest JOIN (
    SELECT series_id, number FROM (SELECT series_id, feed_id, series_key, {unit} AS unit FROM {file}.series)
    JOIN named USING (feed_id, series_key, unit)
) USING (series_id)
"""

_PAIR = """
CREATE TEMP TABLE pair AS
SELECT number, coalesce(n.time_period, o.time_period) AS time_period, o.number IS NULL AS is_new,
       n.number IS NULL AS is_gone, o.obs_value AS was, n.obs_value AS now_is
FROM o FULL JOIN n USING (number, period_start, period_end)
WHERE o.obs_value IS DISTINCT FROM n.obs_value OR o.flags IS DISTINCT FROM n.flags
"""
"""The observations that the files tell otherwise."""

_BETWEEN = """
WITH told AS (
         SELECT feed_id, count(*) FILTER (is_new) AS added, count(*) FILTER (is_gone) AS withdrawn,
                count(*) FILTER (NOT is_new AND NOT is_gone AND was IS NULL AND now_is IS NOT NULL) AS filled,
                count(*) FILTER (NOT is_new AND NOT is_gone AND now_is IS NULL AND was IS NOT NULL) AS emptied,
                count(*) FILTER (was <> now_is) AS revised,
                count(*) FILTER (NOT is_new AND NOT is_gone AND was IS NOT DISTINCT FROM now_is) AS reflagged,
                avg(now_is / was - 1) FILTER (was <> now_is AND was <> 0) AS mean_revision,
                avg(abs(now_is / was - 1)) FILTER (was <> now_is AND was <> 0) AS mean_absolute_revision,
                arg_max(series_key, abs(now_is / was - 1)) FILTER (was <> now_is AND was <> 0) AS most_revised,
                arg_max(now_is / was - 1, abs(now_is / was - 1)) FILTER (was <> now_is AND was <> 0) AS largest_revision
         FROM pair JOIN named USING (number) GROUP BY feed_id
     ),
     was AS (SELECT DISTINCT feed_id, series_key FROM (SELECT DISTINCT number FROM o) JOIN named USING (number)),
     now AS (SELECT DISTINCT feed_id, series_key FROM (SELECT DISTINCT number FROM n) JOIN named USING (number)),
     keys AS (
         SELECT feed_id, count(*) FILTER (was.series_key IS NULL) AS series_added,
                count(*) FILTER (now.series_key IS NULL) AS series_lost
         FROM was FULL JOIN now USING (feed_id, series_key) GROUP BY feed_id
     ),
     reach AS (
         SELECT feed_id, max_by(time_period, period_end) AS last_period
         FROM (SELECT number, max_by(time_period, period_end) AS time_period, max(period_end) AS period_end
               FROM n GROUP BY number) JOIN named USING (number) GROUP BY feed_id
     )
SELECT feed_id, series_added, series_lost, {counts}, mean_revision, mean_absolute_revision, most_revised,
       largest_revision, last_period
FROM keys LEFT JOIN told USING (feed_id) LEFT JOIN reach USING (feed_id) ORDER BY feed_id
"""

_COUNTS = ("added", "withdrawn", "filled", "emptied", "revised", "reflagged")


def compare(before: Path, after: Path, limits: Limits) -> pl.DataFrame:
    """One row a feed: series added and lost; observations added, withdrawn, filled (a missing figure came), emptied,
    revised, and reflagged (same figure, other flag or comment); how far figures were revised, relative to what they
    were: mean, mean without sign, the largest and its series; and the last period there is now."""
    counts = ", ".join(f"coalesce({name}, 0) AS {name}" for name in _COUNTS)
    with _paired(before, after, limits) as connection:
        return pl.DataFrame(connection.sql(_BETWEEN.format(counts=counts)))


def changed(before: Path, after: Path, limits: Limits) -> Revisions:
    """How many observations came, changed and went between two snapshots, all feeds together."""
    told = compare(before, after, limits).sum()
    row = {name: told[name].item() or 0 for name in _COUNTS}
    return Revisions(
        added=row["added"] + row["filled"],
        revised=row["revised"] + row["emptied"] + row["reflagged"],
        withdrawn=row["withdrawn"],
    )


_BROUGHT = """
SELECT feed_id, count(*) FILTER (load_id > $since), max(vintage_id), max(known_at),
       coalesce(sum(added) FILTER (load_id > $since), 0)::BIGINT,
       coalesce(sum(revised) FILTER (load_id > $since), 0)::BIGINT,
       coalesce(sum(withdrawn) FILTER (load_id > $since), 0)::BIGINT
FROM feed LEFT JOIN vintage USING (feed_id) GROUP BY feed_id ORDER BY feed_id
"""


def brought(path: Path, since: int, limits: Limits) -> tuple[Brought, ...]:
    """What each feed of a zone's file has brought by loads later than `since`."""
    with opened(path, limits, read_only=True) as connection:
        return tuple(Brought(*row) for row in connection.execute(_BROUGHT, {"since": since}).fetchall())


_MOVERS = """
SELECT feed_id, series_key, any_value(title) AS title, count(*) FILTER (is_new) AS added,
       count(*) FILTER (NOT is_new AND NOT is_gone) AS revised, count(*) FILTER (is_gone) AS withdrawn,
       arg_max(time_period, moved) AS most_in, arg_max(was, moved) AS was, arg_max(now_is, moved) AS now_is,
       max(moved) AS moved
FROM (SELECT *, abs(now_is - was) / nullif(abs(was), 0) AS moved FROM pair
      WHERE is_new OR is_gone OR was IS DISTINCT FROM now_is)
JOIN named USING (number)
LEFT JOIN (SELECT feed_id, series_key, any_value(title) AS title FROM after.series GROUP BY ALL)
USING (feed_id, series_key)
GROUP BY feed_id, series_key
ORDER BY moved DESC NULLS LAST, withdrawn DESC, added DESC, feed_id, series_key LIMIT $most
"""


def movers(before: Path, after: Path, limits: Limits, most: int = 10) -> pl.DataFrame:
    """The series that change most, at most so many: what is added, revised and withdrawn of each, and its largest
    revision, relative to what the figure was."""
    with _paired(before, after, limits) as connection:
        return pl.DataFrame(connection.sql(_MOVERS, params={"most": most}))


@contextmanager
def _paired(before: Path, after: Path, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files, attached, and what they tell otherwise."""
    with opened(None, limits, reach=[before.parent, after.parent]) as connection:
        for file, path in (("before", before), ("after", after)):
            connection.execute(f"ATTACH {literal(path)} AS {file} (READ_ONLY)")
        connection.execute(_NAMED.format(unit=_UNIT))
        for side, file in (("o", "before"), ("n", "after")):
            connection.execute(_SIDE.format(side=side, file=file, unit=_UNIT))
        connection.execute(_PAIR)
        yield connection
