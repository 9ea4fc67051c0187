CREATE VIEW observation AS
SELECT s.feed_id, s.agency_id, s.dataflow_id, s.series_key, s.title, s.freq, s.ref_area, o.time_period, o.period_start,
       o.period_end, o.obs_value, s.unit_measure, s.unit_mult, s.decimals, s.base_per, s.adjustment, o.obs_status,
       o.conf_status, o.comment_obs, o.obs_attributes, o.known_from
FROM latest AS o JOIN series AS s USING (series_id);
COMMENT ON VIEW observation IS 'Every observation as it is known now, with its series beside it. obs_value is before unit_mult.';

CREATE VIEW history AS
SELECT *, NULL::TIMESTAMP AS known_to FROM latest
UNION ALL BY NAME
SELECT * EXCLUDE (superseded_by, change) FROM superseded;
COMMENT ON VIEW history IS 'Every state of every observation, with the interval [known_from, known_to) in which it was what is known.';

CREATE MACRO observation_as_of(ts) AS TABLE
SELECT s.feed_id, s.agency_id, s.dataflow_id, s.series_key, s.title, s.freq, s.ref_area, o.time_period, o.period_start,
       o.period_end, o.obs_value, s.unit_measure, s.unit_mult, s.decimals, s.base_per, s.adjustment, o.obs_status,
       o.conf_status, o.comment_obs, o.obs_attributes, o.known_from
FROM (
    SELECT series_id, time_period, period_start, period_end, obs_value, obs_status, conf_status, comment_obs,
           obs_attributes, known_from
    FROM latest WHERE known_from <= ts
    UNION ALL
    SELECT series_id, time_period, period_start, period_end, obs_value, obs_status, conf_status, comment_obs,
           obs_attributes, known_from
    FROM superseded WHERE known_from <= ts AND known_to > ts
) AS o JOIN series AS s USING (series_id);

CREATE VIEW revision AS
SELECT s.feed_id, s.series_key, s.title, s.ref_area, p.time_period, p.period_start, p.change,
       p.obs_value AS obs_value_before, n.obs_value AS obs_value_after, p.known_from, p.known_to, s.unit_measure,
       s.unit_mult
FROM superseded AS p
JOIN series AS s USING (series_id)
LEFT JOIN history AS n
  ON p.change <> 'withdrawn' AND n.series_id = p.series_id AND n.period_start = p.period_start
 AND n.period_end = p.period_end AND n.known_from = p.known_to AND n.vintage_id = p.superseded_by;
COMMENT ON VIEW revision IS 'Every revision and withdrawal: the figure before, the figure after, and when it changed.';
