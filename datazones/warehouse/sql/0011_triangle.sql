-- The series are chosen before anything is joined with them: so a reader opens the blocks of those series alone.
CREATE OR REPLACE MACRO revision_triangle(wanted) AS TABLE
SELECT s.feed_id, s.series_key, h.time_period, h.period_start, h.known_from, h.known_to, h.obs_value, h.obs_status,
       s.segment, s.unit_measure, s.unit_mult, s.base_per
FROM history AS h
JOIN (
    FROM series WHERE series_key = wanted
        OR (feed_id, series_key) IN (SELECT (feed_id, now_key) FROM series_rename WHERE former_key = wanted)
) AS s USING (series_id)
ORDER BY s.feed_id, h.period_start, h.known_from, h.vintage_id;
COMMENT ON MACRO TABLE revision_triangle IS 'Every figure of one series, under its last or a former key, by period and since when it was known.';
