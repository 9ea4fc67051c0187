-- The vintages that readers do not have yet; before the first snapshot the newest of each feed is taken for them.
CREATE TABLE fresh_vintage AS
SELECT vintage_id, feed_id, load_id, known_at
FROM vintage AS v
WHERE CASE WHEN (SELECT published FROM examination)
           THEN NOT EXISTS (FROM published_vintage AS p
                            WHERE p.feed_id = v.feed_id AND p.known_at = v.known_at AND p.retrieved_at = v.retrieved_at)
           ELSE v.vintage_id = (SELECT max(n.vintage_id) FROM vintage AS n WHERE n.feed_id = v.feed_id) END;

-- A fresh vintage that is older than one that was there before may bring what is known better already.
CREATE TABLE came_late AS
WITH late_vintage AS (
    SELECT vintage_id FROM fresh_vintage AS f
    WHERE EXISTS (FROM vintage AS v WHERE v.feed_id = f.feed_id AND v.known_at >= f.known_at
                    AND v.vintage_id NOT IN (SELECT vintage_id FROM fresh_vintage)))
SELECT DISTINCT series_id, period_start, period_end FROM superseded
WHERE superseded_by IN (SELECT vintage_id FROM late_vintage);

CREATE TABLE known_better AS
SELECT series_id, period_start, period_end FROM came_late JOIN latest USING (series_id, period_start, period_end)
WHERE vintage_id NOT IN (SELECT vintage_id FROM fresh_vintage);

-- What was known, before the fresh vintages, of the observations that they changed.
CREATE TABLE overtaken AS
SELECT series_id, time_period, period_start, period_end, obs_value, obs_status, known_from
FROM superseded ANTI JOIN known_better USING (series_id, period_start, period_end)
WHERE superseded_by IN (SELECT vintage_id FROM fresh_vintage) AND vintage_id NOT IN (SELECT vintage_id FROM fresh_vintage)
QUALIFY row_number() OVER (PARTITION BY series_id, period_start, period_end ORDER BY known_to DESC) = 1;

-- Everything that was known before the fresh vintages: what readers hold now.
CREATE VIEW held AS
SELECT series_id, time_period, period_start, period_end, obs_value, obs_status
FROM latest WHERE vintage_id NOT IN (SELECT vintage_id FROM fresh_vintage)
UNION ALL
SELECT series_id, time_period, period_start, period_end, obs_value, obs_status FROM overtaken;
