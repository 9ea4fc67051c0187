-- How far each earlier vintage moved what it revised, of the series that are changed now.
CREATE TABLE past_revision AS
WITH settled AS (
    SELECT series_id, period_start, period_end, superseded_by, obs_value FROM superseded
    SEMI JOIN (SELECT DISTINCT series_id FROM change WHERE change = 'revised') USING (series_id)
    WHERE change = 'revised' AND superseded_by NOT IN (SELECT vintage_id FROM fresh_vintage)
), followed AS (
    SELECT s.*, n.obs_value AS obs_value_after FROM settled AS s
    JOIN (SELECT series_id, period_start, period_end, vintage_id, obs_value FROM superseded UNION ALL
          SELECT series_id, period_start, period_end, vintage_id, obs_value FROM latest) AS n
      ON n.series_id = s.series_id AND n.period_start = s.period_start AND n.period_end = s.period_end
     AND n.vintage_id = s.superseded_by
)
SELECT h.feed_id, f.series_id, f.superseded_by AS vintage_id, f.obs_value AS obs_value_before, f.obs_value_after,
       apart(f.obs_value, f.obs_value_after, h.smallest) AS moved
FROM followed AS f JOIN held_series AS h USING (series_id)
WHERE f.obs_value IS NOT NULL AND f.obs_value_after IS NOT NULL;

-- What is usual: the most that any earlier vintage did. Null where nothing was revised before.
CREATE TABLE feed_habit AS
SELECT feed_id, max(middle) AS middle, max(share_large) AS share_large, max(abs(drift)) AS drift, count(*) AS vintages
FROM (SELECT feed_id, vintage_id, median(moved) AS middle, avg((moved > 0.1)::INT) AS share_large,
             coalesce(median(tens(obs_value_after / nullif(obs_value_before, 0))), 0) AS drift
      FROM past_revision GROUP BY feed_id, vintage_id)
GROUP BY feed_id;

CREATE TABLE series_habit AS
SELECT series_id, max(large) AS large, count(*) AS vintages
FROM (SELECT series_id, vintage_id, quantile_cont(moved, 0.8) AS large
      FROM past_revision GROUP BY series_id, vintage_id)
GROUP BY series_id;

-- What the fresh vintages did to each series, and to each feed as a whole.
CREATE MACRO revised_figures() AS TABLE
SELECT *, tens(ratio) AS tens FROM change
WHERE change = 'revised' AND obs_value_before IS NOT NULL AND obs_value_after IS NOT NULL;

CREATE TABLE series_change AS
SELECT series_id, count(*) AS revised, quantile_cont(moved, 0.8) AS large,
       median(tens) AS tens, quantile_cont(tens, 0.75) - quantile_cont(tens, 0.25) AS tens_spread,
       avg((ratio BETWEEN -1.25 AND -0.8)::INT) AS share_flipped, avg((ratio < 0)::INT) AS share_turned,
       avg((obs_value_after = 0)::INT) AS share_zero
FROM revised_figures() WHERE obs_value_before <> 0 GROUP BY series_id;

CREATE TABLE feed_change AS
SELECT feed_id, count(*) AS revised, median(moved) AS middle, avg((moved > 0.1)::INT) AS share_large,
       median(tens) AS tens, quantile_cont(tens, 0.75) - quantile_cont(tens, 0.25) AS tens_spread,
       avg((ratio BETWEEN -1.25 AND -0.8)::INT) AS share_flipped, avg((obs_value_after = 0)::INT) AS share_zero
FROM revised_figures() WHERE obs_value_before <> 0 GROUP BY feed_id;

-- What a new period brings to the series that had a figure in the period before it.
CREATE TABLE new_period AS
SELECT feed_id, time_period, period_start, count(*) AS continued, median(tens(obs_value_after / obs_value_prior)) AS tens
FROM change WHERE change = 'added' AND obs_value_prior <> 0 AND obs_value_after IS NOT NULL
GROUP BY feed_id, time_period, period_start;

-- How often the figures of a feed that is asked again are revised: of those that a vintage gave and that were known,
-- which share. Of the earlier vintages the most.
CREATE TABLE often AS
SELECT feed_id, count(*) FILTER (is_fresh) AS fresh, count(*) FILTER (NOT is_fresh) AS vintages,
       max(share) FILTER (NOT is_fresh) AS usual, max(share) FILTER (is_fresh) AS share,
       max(revised) FILTER (is_fresh) AS revised
FROM (SELECT feed_id, revised, revised / nullif(observations - added, 0) AS share,
             vintage_id IN (SELECT vintage_id FROM fresh_vintage) AS is_fresh
      FROM vintage SEMI JOIN asked_again USING (feed_id))
GROUP BY feed_id;

-- The series in which something stands out, the worst first; of more than enough, enough.
CREATE TABLE odd_series AS
SELECT series_id FROM change GROUP BY series_id
HAVING max(greatest(coalesce(moved, 0), coalesce(step, 0))) > 0.25
ORDER BY max(greatest(coalesce(moved, 0), coalesce(step, 0))) DESC, series_id LIMIT 2000;

-- How large the figures of such a series were, and how they followed one another, lately and as they were known.
CREATE TABLE odd_habit AS
SELECT series_id, count(step) AS steps, quantile_cont(step, 0.95) AS usual_step, max(abs(obs_value)) AS largest
FROM (SELECT series_id, obs_value, apart(obs_value, lag(obs_value) OVER of_series, smallest) AS step,
             row_number() OVER (PARTITION BY series_id ORDER BY period_start DESC) AS from_end
      FROM held SEMI JOIN odd_series USING (series_id) JOIN held_series USING (series_id) WHERE obs_value IS NOT NULL
      WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start))
WHERE from_end <= 12 GROUP BY series_id;

-- How they follow one another now, where one of the two figures was changed.
CREATE TABLE odd_step AS
WITH known AS (
    SELECT series_id, time_period, period_start, period_end, obs_value,
           vintage_id IN (SELECT vintage_id FROM fresh_vintage) AS is_fresh
    FROM latest SEMI JOIN odd_series USING (series_id) WHERE obs_value IS NOT NULL
), stepped AS (
    SELECT *, lag(obs_value) OVER of_series AS obs_value_prior, lag(is_fresh) OVER of_series AS prior_is_fresh,
           lag(period_start) OVER of_series AS prior_start
    FROM known WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start)
), known_before AS (
    SELECT series_id, period_start, obs_value FROM held SEMI JOIN odd_series USING (series_id)
)
SELECT h.feed_id, h.series_key, s.*, apart(s.obs_value, s.obs_value_prior, h.smallest) AS step,
       coalesce(apart(b.obs_value, p.obs_value, h.smallest), 0) AS step_before, o.usual_step, o.steps, o.largest
FROM stepped AS s JOIN held_series AS h USING (series_id) JOIN odd_habit AS o USING (series_id)
LEFT JOIN known_before AS b ON b.series_id = s.series_id AND b.period_start = s.period_start
LEFT JOIN known_before AS p ON p.series_id = s.series_id AND p.period_start = s.prior_start
WHERE s.is_fresh OR s.prior_is_fresh;

-- How many of the revised figures are again what they were before an earlier revision. A figure of which only something
-- else is told, its decimals for one, is what it was all the time.
CREATE TABLE turned_back AS
WITH told AS (
    SELECT *, change = 'revised' AND obs_value_before IS DISTINCT FROM obs_value_after AS is_moved FROM change
), earlier AS (
    SELECT DISTINCT c.series_id, c.period_start, c.period_end
    FROM told AS c JOIN superseded AS s USING (series_id, period_start, period_end)
    WHERE is_moved AND s.superseded_by NOT IN (SELECT vintage_id FROM fresh_vintage)
      AND s.obs_value = c.obs_value_after
)
SELECT feed_id, count(*) FILTER (is_moved) AS revised, count(e.series_id) AS back,
       count(*) FILTER (change = 'added') AS added
FROM told LEFT JOIN earlier AS e USING (series_id, period_start, period_end) GROUP BY feed_id;
