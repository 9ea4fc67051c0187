-- What the status flags of a feed mean. A status is its flags in a row ("bep") or parted ("+; n"); one that has a flag
-- which its feed's scheme does not know says nothing, for nobody guesses.
ALTER TABLE feed ADD COLUMN statuses VARCHAR;

CREATE VIEW observation_status AS
WITH declared AS (
    SELECT feed_id, unnest(from_json(statuses, '[{"mark": "VARCHAR", "cl_obs_status": "VARCHAR", "meaning": "VARCHAR"}]'),
                           recursive := true)
    FROM feed
), given AS (
    SELECT DISTINCT feed_id, obs_status
    FROM (SELECT series_id, obs_status FROM latest UNION SELECT series_id, obs_status FROM superseded)
    JOIN series USING (series_id) WHERE obs_status IS NOT NULL
), parted AS (
    SELECT feed_id, obs_status, unnest(parts) AS part, generate_subscripts(parts, 1) AS nth
    FROM (SELECT *, string_split_regex(obs_status, '[;,\s]+') AS parts FROM given)
), marked AS (
    SELECT feed_id, obs_status, nth, unnest(marks) AS mark, generate_subscripts(marks, 1) AS place
    FROM (
        SELECT p.*, CASE WHEN d.mark IS NULL THEN regexp_extract_all(part, '@?.') ELSE [part] END AS marks
        FROM parted AS p LEFT JOIN declared AS d ON d.feed_id = p.feed_id AND d.mark = p.part
    )
)
SELECT feed_id, obs_status,
       CASE WHEN bool_and(meaning IS NOT NULL) THEN string_agg(cl_obs_status, ' ' ORDER BY nth, place) END AS cl_obs_status,
       CASE WHEN bool_and(meaning IS NOT NULL) THEN string_agg(meaning, '; ' ORDER BY nth, place) END AS meaning
FROM given LEFT JOIN marked USING (feed_id, obs_status) LEFT JOIN declared USING (feed_id, mark)
GROUP BY feed_id, obs_status;
COMMENT ON VIEW observation_status IS 'What each status means that the observations of a feed have or had, in the code list of SDMX.';
