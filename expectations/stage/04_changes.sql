-- How far two figures lie apart, whatever their sign and unit: about their relative difference while it is small,
-- the logarithm of their ratio when it is large.
CREATE MACRO apart(one, other, smallest) AS
    ln(1 + abs(one - other) / greatest(least(abs(one), abs(other)), smallest, 1e-300));

-- How far that is as a relative difference in per cent, for people.
CREATE MACRO per_cent(apart) AS round(100 * (exp(apart) - 1), 1);

-- How many powers of ten a ratio is; null where it is zero.
CREATE MACRO tens(ratio) AS log10(nullif(abs(ratio), 0));

-- Segments of series that the fresh vintages ended by a declared break: they do not go on, and nothing of them is missed.
CREATE TABLE broken_off AS
SELECT DISTINCT series_id FROM candidate.broken_off SEMI JOIN fresh_vintage USING (vintage_id);

-- What the fresh vintages did to series that were known before: one row per observation added, revised or withdrawn.
-- `obs_value_prior` is what is now known of the period before.
CREATE TABLE change AS
WITH arrived AS (
    SELECT series_id, time_period, period_start, period_end, obs_value, obs_status, known_from
    FROM latest WHERE vintage_id IN (SELECT vintage_id FROM fresh_vintage)
), paired AS MATERIALIZED (
    SELECT series_id, coalesce(a.time_period, o.time_period) AS time_period, period_start, period_end,
           CASE WHEN o.known_from IS NULL THEN 'added' WHEN a.known_from IS NULL THEN 'withdrawn' ELSE 'revised' END AS change,
           o.obs_value AS obs_value_before, a.obs_value AS obs_value_after,
           o.obs_status AS obs_status_before, a.obs_status AS obs_status_after
    FROM (FROM arrived SEMI JOIN held_series USING (series_id)) AS a
    FULL JOIN overtaken AS o USING (series_id, period_start, period_end)
), prior AS (
    SELECT l.series_id, l.period_end, l.obs_value
    FROM latest AS l SEMI JOIN paired AS p ON p.series_id = l.series_id AND p.period_start = l.period_end
)
SELECT h.feed_id, h.series_key, p.*, q.obs_value AS obs_value_prior, h.smallest,
       p.obs_value_after / nullif(p.obs_value_before, 0) AS ratio,
       apart(p.obs_value_before, p.obs_value_after, h.smallest) AS moved,
       apart(q.obs_value, p.obs_value_after, h.smallest) AS step
FROM paired AS p JOIN held_series AS h USING (series_id)
LEFT JOIN prior AS q ON q.series_id = p.series_id AND q.period_end = p.period_start
WHERE p.series_id NOT IN (SELECT series_id FROM broken_off);

-- The series in which our own reading was corrected, and in how many others of their observations readers would find
-- something else than is published.
CREATE TABLE restated_series AS
WITH told AS (
    SELECT feed_id, series_key, period_start, period_end, obs_value, obs_status, TRUE AS was
    FROM published_latest JOIN published_series USING (series_id)
    UNION ALL
    SELECT feed_id, series_key, period_start, period_end, obs_value, obs_status, FALSE AS was
    FROM held JOIN series USING (series_id)
), unlike AS (
    SELECT feed_id, series_key, period_start, period_end
    FROM told SEMI JOIN restated_since USING (feed_id, series_key)
    GROUP BY feed_id, series_key, period_start, period_end, obs_value, obs_status HAVING count(DISTINCT was) = 1
)
SELECT feed_id, series_key, count(u.period_start) AS others
FROM (SELECT DISTINCT feed_id, series_key FROM restated_since) AS r
LEFT JOIN (FROM unlike ANTI JOIN restated_since USING (feed_id, series_key, period_start, period_end)) AS u
USING (feed_id, series_key) GROUP BY feed_id, series_key;
