-- Which series the answers gave, and from which period to which.
CREATE VIEW coverage AS FROM candidate.coverage;
CREATE VIEW sighting AS FROM candidate.sighting;

-- Feeds that are known and were asked again, with the last load before.
CREATE TABLE asked_again AS
SELECT feed_id, max(load_id) AS load_before
FROM vintage WHERE feed_id IN (SELECT feed_id FROM fresh_vintage)
  AND vintage_id NOT IN (SELECT vintage_id FROM fresh_vintage)
GROUP BY feed_id;

-- Per series of such a feed: the first and the last period that the load before gave, and those that the fresh ones give.
CREATE TABLE answered AS
WITH given AS (
    SELECT c.series_id, f.feed_id, v.vintage_id IN (SELECT vintage_id FROM fresh_vintage) AS is_fresh, c.first_start,
           c.last_start
    FROM coverage AS c JOIN vintage AS v USING (vintage_id) JOIN asked_again AS f USING (feed_id)
    WHERE c.first_start <= c.last_start AND c.series_id NOT IN (SELECT series_id FROM broken_off)
      AND (v.load_id = f.load_before OR v.vintage_id IN (SELECT vintage_id FROM fresh_vintage))
)
SELECT feed_id, series_id, min(first_start) FILTER (NOT is_fresh) AS first_before,
       min(first_start) FILTER (is_fresh) AS first_now, max(last_start) FILTER (NOT is_fresh) AS last_before,
       max(last_start) FILTER (is_fresh) AS last_now
FROM given GROUP BY feed_id, series_id;
