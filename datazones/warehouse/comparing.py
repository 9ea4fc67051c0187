"""What changed between two snapshots of a zone, feed by feed, as a statistician would ask it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from datazones.model import Brought, Revisions
from datazones.warehouse.connecting import Limits, literal, opened

_UNIT = "concat_ws('|', unit_measure, unit_mult::VARCHAR, base_per)"
"""What figures must have in common to be compared; a file of any layout tells it."""

_BETWEEN = """
WITH o AS (SELECT feed_id, series_key, {unit} AS unit, period_start, period_end, obs_value, obs_status,
                  conf_status, comment_obs
           FROM before.latest JOIN before.series USING (series_id)),
     n AS (SELECT feed_id, series_key, {unit} AS unit, period_start, period_end, time_period, obs_value, obs_status,
                  conf_status, comment_obs FROM after.latest JOIN after.series USING (series_id)),
     pair AS (
         SELECT coalesce(n.feed_id, o.feed_id) AS feed_id, coalesce(n.series_key, o.series_key) AS series_key,
                o.feed_id IS NULL AS is_new, n.feed_id IS NULL AS is_gone, o.obs_value AS was, n.obs_value AS now_is,
                (o.obs_status, o.conf_status, o.comment_obs) IS DISTINCT FROM
                (n.obs_status, n.conf_status, n.comment_obs) AS reflagged
         FROM o FULL JOIN n USING (feed_id, series_key, unit, period_start, period_end)
     ),
     told AS (
         SELECT feed_id, count(*) FILTER (is_new) AS added, count(*) FILTER (is_gone) AS withdrawn,
                count(*) FILTER (NOT is_new AND NOT is_gone AND was IS NULL AND now_is IS NOT NULL) AS filled,
                count(*) FILTER (NOT is_new AND NOT is_gone AND now_is IS NULL AND was IS NOT NULL) AS emptied,
                count(*) FILTER (was <> now_is) AS revised,
                count(*) FILTER (NOT is_new AND NOT is_gone AND reflagged AND was IS NOT DISTINCT FROM now_is)
                AS reflagged,
                avg(now_is / was - 1) FILTER (was <> now_is AND was <> 0) AS mean_revision,
                avg(abs(now_is / was - 1)) FILTER (was <> now_is AND was <> 0) AS mean_absolute_revision,
                arg_max(series_key, abs(now_is / was - 1)) FILTER (was <> now_is AND was <> 0) AS most_revised,
                arg_max(now_is / was - 1, abs(now_is / was - 1)) FILTER (was <> now_is AND was <> 0) AS largest_revision
         FROM pair GROUP BY feed_id
     ),
     keys AS (
         SELECT feed_id, count(*) FILTER (o.series_key IS NULL) AS series_added,
                count(*) FILTER (n.series_key IS NULL) AS series_lost
         FROM (SELECT DISTINCT feed_id, series_key FROM o) AS o
         FULL JOIN (SELECT DISTINCT feed_id, series_key FROM n) AS n USING (feed_id, series_key) GROUP BY feed_id
     ),
     reach AS (SELECT feed_id, max_by(time_period, period_end) AS last_period FROM n GROUP BY feed_id)
SELECT feed_id, coalesce(series_added, 0) AS series_added, coalesce(series_lost, 0) AS series_lost,
       told.* EXCLUDE (feed_id), last_period
FROM told LEFT JOIN keys USING (feed_id) LEFT JOIN reach USING (feed_id) ORDER BY feed_id
"""


def compare(before: Path, after: Path, limits: Limits) -> pl.DataFrame:
    """One row a feed: series added and lost; observations added, withdrawn, filled (a missing figure came), emptied,
    revised, and reflagged (same figure, other flag or comment); how far figures were revised, relative to what they
    were: mean, mean without sign, the largest and its series; and the last period there is now."""
    with opened(None, limits, reach=[before.parent, after.parent]) as connection:
        connection.execute(f"ATTACH {literal(before)} AS before (READ_ONLY)")
        connection.execute(f"ATTACH {literal(after)} AS after (READ_ONLY)")
        return pl.DataFrame(connection.sql(_BETWEEN.format(unit=_UNIT)))


def changed(before: Path, after: Path, limits: Limits) -> Revisions:
    """How many observations came, changed and went between two snapshots, all feeds together."""
    told = compare(before, after, limits).sum()
    row = {name: told[name].item() or 0 for name in ("added", "filled", "revised", "emptied", "reflagged", "withdrawn")}
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
WITH o AS (SELECT feed_id, series_key, {unit} AS unit, time_period, period_start, period_end, obs_value
           FROM before.latest JOIN before.series USING (series_id)),
     n AS (SELECT feed_id, series_key, {unit} AS unit, title, time_period, period_start, period_end, obs_value
           FROM after.latest JOIN after.series USING (series_id)),
     pair AS (
         SELECT coalesce(n.feed_id, o.feed_id) AS feed_id, coalesce(n.series_key, o.series_key) AS series_key, title,
                coalesce(n.time_period, o.time_period) AS time_period, o.feed_id IS NULL AS is_new,
                n.feed_id IS NULL AS is_gone, o.obs_value AS was, n.obs_value AS now_is,
                abs(n.obs_value - o.obs_value) / nullif(abs(o.obs_value), 0) AS moved
         FROM o FULL JOIN n USING (feed_id, series_key, unit, period_start, period_end)
         WHERE o.feed_id IS NULL OR n.feed_id IS NULL OR o.obs_value IS DISTINCT FROM n.obs_value
     )
SELECT feed_id, series_key, any_value(title) AS title, count(*) FILTER (is_new) AS added,
       count(*) FILTER (NOT is_new AND NOT is_gone) AS revised, count(*) FILTER (is_gone) AS withdrawn,
       arg_max(time_period, moved) AS most_in, arg_max(was, moved) AS was, arg_max(now_is, moved) AS now_is,
       max(moved) AS moved
FROM pair GROUP BY feed_id, series_key
ORDER BY moved DESC NULLS LAST, withdrawn DESC, added DESC, feed_id, series_key LIMIT $most
"""


def movers(before: Path, after: Path, limits: Limits, most: int = 10) -> pl.DataFrame:
    """The series that change most, at most so many: what is added, revised and withdrawn of each, and its largest
    revision, relative to what the figure was."""
    with opened(None, limits, reach=[before.parent, after.parent]) as connection:
        connection.execute(f"ATTACH {literal(before)} AS before (READ_ONLY)")
        connection.execute(f"ATTACH {literal(after)} AS after (READ_ONLY)")
        return pl.DataFrame(connection.sql(_MOVERS.format(unit=_UNIT), params={"most": most}))
