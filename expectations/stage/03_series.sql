-- What a series says, as one number: the same in whatever order it lies.
CREATE MACRO content_of(period_start, period_end, obs_value, obs_status) AS
    bit_xor(hash(period_start, period_end, obs_value, obs_status));

-- The one pass over all observations: what each series says in a few numbers, in what is known now, in what was held
-- before, and in both. A rule about single observations finds here which series can break it, and reads only those.
CREATE TABLE tally AS
SELECT series_id, is_known, is_held, count(*) AS observations, count(obs_value) AS figures,
       count(*) FILTER (obs_value <> 0) AS nonzero, count(obs_status) AS statuses,
       content_of(period_start, period_end, obs_value, obs_status) AS content, sum(abs(obs_value)) AS total,
       min(obs_value) AS lowest, max(obs_value) AS highest, min(period_end - period_start) AS shortest,
       max(period_end - period_start) AS longest, max(period_start) AS last_start,
       max(period_end) FILTER (obs_value IS NOT NULL) AS last_end
FROM (
    SELECT series_id, period_start, period_end, obs_value, obs_status, TRUE AS is_known,
           vintage_id NOT IN (SELECT vintage_id FROM fresh_vintage) AS is_held
    FROM latest
    UNION ALL
    SELECT series_id, period_start, period_end, obs_value, obs_status, FALSE, TRUE FROM overtaken
) GROUP BY series_id, is_known, is_held;

-- Each series that has observations, as it is known now; without a feed where nothing describes it.
CREATE TABLE extent AS
SELECT m.* EXCLUDE (series_id), e.* FROM measured AS m RIGHT JOIN (
    SELECT series_id, sum(observations)::BIGINT AS observations, min(lowest) AS lowest, max(highest) AS highest,
           min(shortest) AS shortest, max(longest) AS longest, max(last_end) AS last_end
    FROM tally WHERE is_known GROUP BY series_id) AS e USING (series_id);

-- The same as it is published.
CREATE TABLE published_extent AS
SELECT feed_id, series_key, e.* FROM published_series JOIN (
    SELECT series_id, count(*) AS observations, content_of(period_start, period_end, obs_value, obs_status) AS content
    FROM published_latest GROUP BY series_id) AS e USING (series_id);

-- The same as it was before the fresh vintages. `smallest` is the size below which a figure of the series is as good as
-- zero; `one_signed` that it was never on the other side of it.
CREATE TABLE held_series AS
SELECT m.feed_id, m.series_key, h.*, nonzero >= 8 AND nonzero >= 0.9 * figures AND (lowest >= 0 OR highest <= 0) AS one_signed
FROM measured AS m JOIN (
    SELECT series_id, sum(observations)::BIGINT AS observations, sum(figures)::BIGINT AS figures,
           sum(nonzero)::BIGINT AS nonzero, sum(statuses)::BIGINT AS statuses, bit_xor(content) AS content,
           min(lowest) AS lowest, max(highest) AS highest, 0.01 * sum(total) / sum(figures) AS smallest,
           max(last_start) AS last_start, max(last_end) AS last_end
    FROM tally WHERE is_held GROUP BY series_id) AS h USING (series_id);

-- How long a period of a frequency is, in days.
CREATE MACRO fits(freq, days) AS
    CASE freq WHEN 'A' THEN days BETWEEN 365 AND 366 WHEN 'S' THEN days BETWEEN 181 AND 184
              WHEN 'Q' THEN days BETWEEN 90 AND 92 WHEN 'M' THEN days BETWEEN 28 AND 31
              WHEN 'W' THEN days = 7 WHEN 'D' THEN days = 1 ELSE TRUE END;

-- Since when the observations of each vintage are said to be known: the earliest and the latest of them.
CREATE TABLE known_since AS
SELECT vintage_id, min(known_from) AS earliest, max(known_from) AS newest FROM latest GROUP BY vintage_id;
