-- What we had read otherwise before we corrected our own reading. The history is as it is read now (docs/adr/0013).
CREATE TABLE restatement (
    load_id INTEGER NOT NULL, restated_at TIMESTAMP NOT NULL, reason VARCHAR NOT NULL, code_version VARCHAR NOT NULL
);
COMMENT ON TABLE restatement IS 'One row each time that old raw answers were read anew because our own reading was corrected.';

CREATE TABLE restated (
    load_id INTEGER NOT NULL, feed_id VARCHAR NOT NULL, series_key VARCHAR NOT NULL, time_period VARCHAR NOT NULL,
    period_start DATE NOT NULL, period_end DATE NOT NULL, known_from TIMESTAMP NOT NULL, change VARCHAR NOT NULL,
    obs_value DOUBLE, obs_status VARCHAR, conf_status VARCHAR, comment_obs VARCHAR, obs_attributes VARCHAR,
    unit_measure VARCHAR, unit_mult SMALLINT, base_per VARCHAR, obs_value_after DOUBLE, obs_status_after VARCHAR
);
COMMENT ON TABLE restated IS 'What a restatement changed: the observation as we had it until then, and the figure now in its place.';

ALTER TABLE vintage ADD COLUMN restated_by INTEGER;

CREATE OR REPLACE VIEW revision AS
SELECT s.feed_id, s.series_key, s.title, s.ref_area, p.time_period, p.period_start, p.change,
       p.obs_value AS obs_value_before, n.obs_value AS obs_value_after, p.known_from, p.known_to, s.unit_measure,
       s.unit_mult, 'provider' AS revised_by
FROM superseded AS p
JOIN series AS s USING (series_id)
LEFT JOIN history AS n
  ON p.change <> 'withdrawn' AND n.series_id = p.series_id AND n.period_start = p.period_start
 AND n.period_end = p.period_end AND n.known_from = p.known_to AND n.vintage_id = p.superseded_by
UNION ALL BY NAME
SELECT r.feed_id, r.series_key, s.title, s.ref_area, r.time_period, r.period_start, r.change,
       r.obs_value AS obs_value_before, r.obs_value_after, r.known_from, o.restated_at AS known_to, r.unit_measure,
       r.unit_mult, 'datazones' AS revised_by
FROM restated AS r JOIN restatement AS o USING (load_id) LEFT JOIN series AS s USING (feed_id, series_key);
COMMENT ON VIEW revision IS 'Every revision and withdrawal, by the provider or by our own correction: before, after, and when.';
