-- A series whose unit or base period changed goes on as a new segment; one that got another key goes on as it is
-- (docs/adr/0016).
ALTER TABLE series ADD COLUMN segment INTEGER DEFAULT 1;
ALTER TABLE feed ADD COLUMN breaks VARCHAR;
ALTER TABLE feed ADD COLUMN renames VARCHAR;

CREATE OR REPLACE VIEW observation AS
SELECT s.feed_id, s.agency_id, s.dataflow_id, s.series_key, s.title, s.freq, s.ref_area, o.time_period, o.period_start,
       o.period_end, o.obs_value, s.unit_measure, s.unit_mult, s.decimals, s.base_per, s.adjustment, o.obs_status,
       o.conf_status, o.comment_obs, o.obs_attributes, o.known_from, s.segment
FROM latest AS o JOIN series AS s USING (series_id);
COMMENT ON VIEW observation IS 'Every observation as it is known now, with its series beside it. obs_value is before unit_mult.';

CREATE OR REPLACE MACRO observation_as_of(ts) AS TABLE
SELECT s.feed_id, s.agency_id, s.dataflow_id, s.series_key, s.title, s.freq, s.ref_area, o.time_period, o.period_start,
       o.period_end, o.obs_value, s.unit_measure, s.unit_mult, s.decimals, s.base_per, s.adjustment, o.obs_status,
       o.conf_status, o.comment_obs, o.obs_attributes, o.known_from, s.segment
FROM (
    SELECT series_id, time_period, period_start, period_end, obs_value, obs_status, conf_status, comment_obs,
           obs_attributes, known_from
    FROM latest WHERE known_from <= ts
    UNION ALL
    SELECT series_id, time_period, period_start, period_end, obs_value, obs_status, conf_status, comment_obs,
           obs_attributes, known_from
    FROM superseded WHERE known_from <= ts AND known_to > ts
) AS o JOIN series AS s USING (series_id);
COMMENT ON MACRO TABLE observation_as_of IS 'Every observation as it was known at an instant (UTC), in the unit of then.';

-- A vintage that gives one segment of a series takes back all others: its coverage of them spans nothing.
CREATE VIEW broken_off AS
SELECT vintage_id, series_id FROM coverage WHERE first_start > last_start;
COMMENT ON VIEW broken_off IS 'Which segments of series a vintage ended, because it gives the series in another unit.';

CREATE VIEW series_break AS
WITH begun AS (
    SELECT series_id, min(known_at) AS since FROM coverage JOIN vintage USING (vintage_id)
    WHERE first_start <= last_start GROUP BY series_id
), followed AS (
    SELECT feed_id, series_key, since, segment, unit_measure, unit_mult, base_per,
           lag(segment) OVER of_key AS segment_before, lag(unit_measure) OVER of_key AS unit_measure_before,
           lag(unit_mult) OVER of_key AS unit_mult_before, lag(base_per) OVER of_key AS base_per_before
    FROM series JOIN begun USING (series_id)
    WINDOW of_key AS (PARTITION BY feed_id, series_key ORDER BY since, segment)
), declared AS (
    SELECT feed_id, unnest(from_json(breaks, '[{"series": "VARCHAR", "since": "DATE", "cause": "VARCHAR"}]'),
                           recursive := true) FROM feed
)
SELECT feed_id, series_key, since, segment_before, segment, unit_measure_before, unit_measure, unit_mult_before,
       unit_mult, base_per_before, base_per,
       (SELECT arg_max(d.cause, d.since) FROM declared AS d
        WHERE d.feed_id = f.feed_id AND f.series_key GLOB d.series AND d.since <= f.since) AS cause
FROM followed AS f WHERE segment_before IS NOT NULL;
COMMENT ON VIEW series_break IS 'Where a series goes on in another unit, multiplier or base period: figures before and after do not compare.';

CREATE VIEW series_rename AS
SELECT feed_id, unnest(from_json(renames, '[{"former_key": "VARCHAR", "series_key": "VARCHAR", "now_key": "VARCHAR",
       "since": "DATE", "cause": "VARCHAR", "declared_on": "DATE"}]'), recursive := true)
FROM feed;
COMMENT ON VIEW series_rename IS 'Series that the provider gave another key: all that was known under the former one stands under the last.';

CREATE OR REPLACE VIEW revision AS
SELECT s.feed_id, s.series_key, s.title, s.ref_area, p.time_period, p.period_start,
       CASE WHEN b.series_id IS NULL THEN p.change ELSE 'break' END AS change,
       p.obs_value AS obs_value_before, n.obs_value AS obs_value_after, p.known_from, p.known_to, s.unit_measure,
       s.unit_mult, 'provider' AS revised_by, s.segment
FROM superseded AS p
JOIN series AS s USING (series_id)
LEFT JOIN broken_off AS b ON p.change = 'withdrawn' AND b.series_id = p.series_id AND b.vintage_id = p.superseded_by
LEFT JOIN history AS n
  ON p.change <> 'withdrawn' AND n.series_id = p.series_id AND n.period_start = p.period_start
 AND n.period_end = p.period_end AND n.known_from = p.known_to AND n.vintage_id = p.superseded_by
UNION ALL BY NAME
SELECT r.feed_id, r.series_key, s.title, s.ref_area, r.time_period, r.period_start, r.change,
       r.obs_value AS obs_value_before, r.obs_value_after, r.known_from, o.restated_at AS known_to, r.unit_measure,
       r.unit_mult, 'datazones' AS revised_by, s.segment
FROM restated AS r JOIN restatement AS o USING (load_id) LEFT JOIN (
    FROM series QUALIFY row_number() OVER (PARTITION BY feed_id, series_key ORDER BY segment DESC) = 1
) AS s USING (feed_id, series_key);
COMMENT ON VIEW revision IS 'Every revision and withdrawal, by the provider or by our own correction: before, after, and when.';

CREATE OR REPLACE MACRO vintage_diff(a, b) AS TABLE
WITH o AS MATERIALIZED (FROM observation_as_of(a)), n AS MATERIALIZED (FROM observation_as_of(b)), broken AS (
    SELECT DISTINCT o.feed_id, o.series_key FROM (SELECT DISTINCT feed_id, series_key, segment FROM o) AS o
    JOIN (SELECT DISTINCT feed_id, series_key, segment FROM n) AS n
      ON n.feed_id = o.feed_id AND n.series_key = o.series_key AND n.segment <> o.segment
)
SELECT feed_id, series_key, period_start, period_end, coalesce(o.time_period, n.time_period) AS time_period,
       CASE WHEN (o.known_from IS NULL OR n.known_from IS NULL)
                 AND (feed_id, series_key) IN (SELECT (feed_id, series_key) FROM broken) THEN 'break'
            WHEN o.known_from IS NULL THEN 'added' WHEN n.known_from IS NULL THEN 'withdrawn' ELSE 'revised' END AS change,
       o.obs_value AS obs_value_before, n.obs_value AS obs_value_after,
       o.obs_status AS obs_status_before, n.obs_status AS obs_status_after, segment
FROM o FULL JOIN n USING (feed_id, series_key, segment, period_start, period_end)
WHERE o.known_from IS DISTINCT FROM n.known_from
  AND (o.known_from IS NULL OR n.known_from IS NULL OR o.obs_value IS DISTINCT FROM n.obs_value
       OR o.obs_status IS DISTINCT FROM n.obs_status);
COMMENT ON MACRO TABLE vintage_diff IS 'What was known otherwise at instant b than at instant a (UTC): one row per observation and segment.';

CREATE OR REPLACE MACRO revision_triangle(wanted) AS TABLE
SELECT s.feed_id, s.series_key, h.time_period, h.period_start, h.known_from, h.known_to, h.obs_value, h.obs_status,
       s.segment, s.unit_measure, s.unit_mult, s.base_per
FROM history AS h JOIN series AS s USING (series_id)
WHERE s.series_key = wanted
   OR (s.feed_id, s.series_key) IN (SELECT (feed_id, now_key) FROM series_rename WHERE former_key = wanted)
ORDER BY s.feed_id, h.period_start, h.known_from, h.vintage_id;
COMMENT ON MACRO TABLE revision_triangle IS 'Every figure of one series, under its last or a former key, by period and since when it was known.';

CREATE OR REPLACE VIEW first_release AS
SELECT s.feed_id, s.series_key, h.time_period, h.period_start, h.period_end, h.obs_value, h.obs_status, h.known_from,
       s.unit_measure, s.unit_mult, s.segment
FROM history AS h JOIN series AS s USING (series_id) WHERE h.obs_value IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY h.series_id, h.period_start, h.period_end
                           ORDER BY h.known_from, h.vintage_id) = 1;
COMMENT ON VIEW first_release IS 'Every observation as it was first given with a figure, in each segment of its series.';

CREATE OR REPLACE VIEW revision_figures AS
WITH revised AS (
    SELECT series_id, count(*) AS revisions FROM superseded WHERE change = 'revised' GROUP BY series_id
), pair AS (
    SELECT feed_id, series_key, segment, n.obs_value - f.obs_value AS revised_by, n.known_from - f.known_from AS taken
    FROM first_release AS f JOIN observation AS n USING (feed_id, series_key, segment, period_start, period_end)
    WHERE n.obs_value IS NOT NULL
)
SELECT feed_id, series_key, any_value(title) AS title, count(*) AS observations,
       coalesce(any_value(revisions), 0) AS revisions, avg(revised_by) AS mean_revision,
       avg(abs(revised_by)) AS mean_absolute_revision,
       avg(revised_by) / nullif(avg(abs(revised_by)), 0) AS bias, avg((revised_by <> 0)::INTEGER) AS share_revised,
       avg(epoch(taken)) FILTER (revised_by <> 0) / 86400 AS days_to_final, segment
FROM pair JOIN series USING (feed_id, series_key, segment) LEFT JOIN revised USING (series_id)
GROUP BY feed_id, series_key, segment;
COMMENT ON VIEW revision_figures IS 'How far the first figures of each series were from those known now, in the segment that is known now.';
