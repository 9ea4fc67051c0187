-- Feeds that a neighbour asked at about the same time: both must have been told the same.
CREATE TABLE asked_together AS
SELECT zone_id, feed_id FROM (SELECT feed_id, max(known_at) AS known_at FROM vintage GROUP BY feed_id) AS own
JOIN (SELECT zone_id, feed_id, max(known_at) AS known_at FROM neighbour_vintage GROUP BY ALL) AS other USING (feed_id)
WHERE abs(date_diff('hour', own.known_at, other.known_at)) <= 24;

-- What the neighbours' published snapshots say of the series that are here too.
CREATE TABLE said_elsewhere AS
SELECT n.zone_id, s.feed_id, s.series_key, s.series_id, n.time_period, n.period_start, n.period_end, n.obs_value
FROM neighbour_latest AS n SEMI JOIN asked_together USING (zone_id, feed_id) JOIN series AS s USING (feed_id, series_key);
