-- What the rules of the gate may read. `candidate` and `published` are attached read-only; all else is in memory.
CREATE VIEW feed AS FROM candidate.feed;
CREATE VIEW series AS FROM candidate.series;
CREATE VIEW vintage AS FROM candidate.vintage;
CREATE VIEW latest AS FROM candidate.latest;
CREATE VIEW superseded AS FROM candidate.superseded;
-- A series that was renamed is the same series.
CREATE VIEW published_series AS
SELECT p.* REPLACE (coalesce(now_key, p.series_key) AS series_key)
FROM published.series AS p LEFT JOIN candidate.series_rename AS r ON r.feed_id = p.feed_id AND former_key = p.series_key;
CREATE VIEW published_vintage AS FROM published.vintage;
CREATE VIEW published_latest AS FROM published.latest;

-- Observations in which our own reading was corrected since what is published: readers are to see them otherwise.
CREATE VIEW restated_since AS
SELECT DISTINCT feed_id, series_key, period_start, period_end FROM candidate.restated
WHERE load_id > (SELECT coalesce(max(load_id), 0) FROM published_vintage);

-- What a series measures, as far as its unit and its title tell.
CREATE TABLE measured AS
SELECT series_id, feed_id, series_key, freq, unit_said,
       regexp_matches(unit_said, '(?i)^(%|pct?|pt|pc_.*|per ?cent.*)$|^% of ') AND NOT regexp_matches(
           concat_ws(' ', unit_said, title),
           '(?i)\b(growth|changes?|rate of|inflation|ratio|index|balance|deficit|surplus|debt|savings?|net|trade|pch)\b|'
           '_pre|增长|增速|指数|比上年|上年同') AS is_share,
       regexp_matches(unit_said, '(?i)^(persons?|people|number|count|nr|nbr?|units?|articles|applications)$')
           OR unit_said IN ('人', '万人', '个', '件', '项', '户', '万户', '台', '万台') AS is_count
FROM (SELECT *, trim(coalesce(unit_measure, regexp_extract(title, '\(([^()]*)\)$', 1), '')) AS unit_said FROM series);
