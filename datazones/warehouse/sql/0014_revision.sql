-- Every revision again, by keys alone: a join that keeps what has no partner, told by more than what is equal on its two
-- sides, holds every row against every row.

CREATE OR REPLACE VIEW revision AS
SELECT s.feed_id, s.series_key, s.title, s.ref_area, p.time_period, p.period_start,
       CASE WHEN b.series_id IS NULL THEN p.change ELSE 'break' END AS change,
       p.obs_value AS obs_value_before, n.obs_value AS obs_value_after, p.known_from, p.known_to, s.unit_measure,
       s.unit_mult, 'provider' AS revised_by, s.segment
FROM (
    SELECT *, CASE WHEN change = 'withdrawn' THEN superseded_by END AS withdrawn_by,
           CASE WHEN change <> 'withdrawn' THEN superseded_by END AS replaced_by
    FROM superseded
) AS p
JOIN series AS s USING (series_id)
LEFT JOIN broken_off AS b ON b.series_id = p.series_id AND b.vintage_id = p.withdrawn_by
LEFT JOIN history AS n
  ON n.series_id = p.series_id AND n.period_start = p.period_start AND n.period_end = p.period_end
 AND n.known_from = p.known_to AND n.vintage_id = p.replaced_by
UNION ALL BY NAME
SELECT r.feed_id, r.series_key, s.title, s.ref_area, r.time_period, r.period_start, r.change,
       r.obs_value AS obs_value_before, r.obs_value_after, r.known_from, o.restated_at AS known_to, r.unit_measure,
       r.unit_mult, 'datazones' AS revised_by, s.segment
FROM restated AS r JOIN restatement AS o USING (load_id) LEFT JOIN (
    FROM series QUALIFY row_number() OVER (PARTITION BY feed_id, series_key ORDER BY segment DESC) = 1
) AS s USING (feed_id, series_key);
COMMENT ON VIEW revision IS 'Every revision and withdrawal, by the provider or by our own correction: before, after, and when.';
