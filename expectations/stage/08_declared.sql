-- What the catalogue declares of the zone's feeds.
CREATE TABLE declared AS
SELECT feed.* FROM (SELECT unnest(from_json(feeds, '[{"feed_id": "VARCHAR", "topics": ["VARCHAR"], "due_days": "INTEGER", "released_on": "DATE",
    "sums": [{"dimension": "VARCHAR", "whole": "VARCHAR", "parts": ["VARCHAR"], "tolerance": "DOUBLE"}]}]')) AS feed
    FROM examination);

-- The key of a series with the code of one dimension left open: what is alike but for it has the same.
CREATE MACRO but_for(series_key, code) AS
    array_to_string(list_transform(string_split(series_key, '.'), lambda part: if(part = code, '*', part)), '.');

-- The series that a declared sum is about: the whole, and each of its parts.
CREATE TABLE summand AS
WITH added_up AS (SELECT feed_id, unnest(sums, recursive := true) FROM declared)
SELECT a.*, s.series_id, s.series_key, code = whole AS is_whole, but_for(series_key, code) AS measure
FROM added_up AS a JOIN LATERAL (
    SELECT series_id, series_key, json_extract_string(dimensions, '$.' || a.dimension) AS code
    FROM series WHERE series.feed_id = a.feed_id) AS s ON code = whole OR list_contains(parts, code);

-- The two sides of the AI race, in the feeds that know both.
CREATE TABLE race AS
SELECT r.*, e.last_end FROM (
    SELECT feed_id, series_id, series_key, freq, unit_measure, unit_mult, but_for(series_key, ref_area) AS measure,
           CASE WHEN ref_area IN ('CN', 'CHN') THEN 'China' WHEN ref_area IN ('US', 'USA') THEN 'the United States' END AS side,
           count(DISTINCT side) OVER (PARTITION BY feed_id) AS sides
    FROM series SEMI JOIN (SELECT feed_id FROM declared WHERE list_contains(topics, 'ai_race')) USING (feed_id)
    WHERE ref_area IN ('CN', 'CHN', 'US', 'USA')) AS r
LEFT JOIN extent AS e USING (feed_id, series_id, series_key) WHERE sides = 2;
