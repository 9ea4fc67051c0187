COMMENT ON MACRO TABLE observation_as_of IS 'Every observation as it was known at an instant (UTC).';

CREATE MACRO vintage_diff(a, b) AS TABLE
SELECT feed_id, series_key, period_start, period_end, coalesce(o.time_period, n.time_period) AS time_period,
       CASE WHEN o.known_from IS NULL THEN 'added' WHEN n.known_from IS NULL THEN 'withdrawn' ELSE 'revised' END AS change,
       o.obs_value AS obs_value_before, n.obs_value AS obs_value_after,
       o.obs_status AS obs_status_before, n.obs_status AS obs_status_after
FROM observation_as_of(a) AS o FULL JOIN observation_as_of(b) AS n USING (feed_id, series_key, period_start, period_end)
WHERE o.known_from IS DISTINCT FROM n.known_from
  AND (o.known_from IS NULL OR n.known_from IS NULL OR o.obs_value IS DISTINCT FROM n.obs_value
       OR o.obs_status IS DISTINCT FROM n.obs_status);
COMMENT ON MACRO TABLE vintage_diff IS 'What was known otherwise at instant b than at instant a (UTC): one row per observation.';

CREATE MACRO revision_triangle(wanted) AS TABLE
SELECT s.feed_id, s.series_key, h.time_period, h.period_start, h.known_from, h.known_to, h.obs_value, h.obs_status
FROM history AS h JOIN series AS s USING (series_id)
WHERE s.series_key = wanted
ORDER BY s.feed_id, h.period_start, h.known_from, h.vintage_id;
COMMENT ON MACRO TABLE revision_triangle IS 'Every figure of one series, by period and by the instant from which it was known.';

CREATE VIEW first_release AS
SELECT s.feed_id, s.series_key, h.time_period, h.period_start, h.period_end, h.obs_value, h.obs_status, h.known_from,
       s.unit_measure, s.unit_mult
FROM history AS h JOIN series AS s USING (series_id) WHERE h.obs_value IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY h.series_id, h.period_start, h.period_end
                           ORDER BY h.known_from, h.vintage_id) = 1;
COMMENT ON VIEW first_release IS 'Every observation as it was first given with a figure.';

CREATE VIEW revision_figures AS
WITH revised AS (
    SELECT series_id, count(*) AS revisions FROM superseded WHERE change = 'revised' GROUP BY series_id
), pair AS (
    SELECT feed_id, series_key, n.obs_value - f.obs_value AS revised_by, n.known_from - f.known_from AS taken
    FROM first_release AS f JOIN observation AS n USING (feed_id, series_key, period_start, period_end)
    WHERE n.obs_value IS NOT NULL
)
SELECT feed_id, series_key, any_value(title) AS title, count(*) AS observations,
       coalesce(any_value(revisions), 0) AS revisions, avg(revised_by) AS mean_revision,
       avg(abs(revised_by)) AS mean_absolute_revision,
       avg(revised_by) / nullif(avg(abs(revised_by)), 0) AS bias, avg((revised_by <> 0)::INTEGER) AS share_revised,
       avg(epoch(taken)) FILTER (revised_by <> 0) / 86400 AS days_to_final
FROM pair JOIN series USING (feed_id, series_key) LEFT JOIN revised USING (series_id)
GROUP BY feed_id, series_key;
COMMENT ON VIEW revision_figures IS 'How far the first figures of each series were from those known now.';
