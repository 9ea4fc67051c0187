-- On what terms figures are given, and what was corrected in them before they were loaded.
ALTER TABLE feed ADD COLUMN terms VARCHAR;
ALTER TABLE feed ADD COLUMN corrections VARCHAR;

CREATE VIEW citation AS
SELECT feed_id, title, attribution, licence, terms, docs, max(known_at) AS known_at, max(retrieved_at) AS retrieved_at
FROM feed LEFT JOIN vintage USING (feed_id) GROUP BY ALL;
COMMENT ON VIEW citation IS 'What to cite for the figures of each feed, on what terms they are given, and how recent they are.';

CREATE VIEW correction AS
SELECT feed_id, unnest(from_json(corrections, '[{"correction_id": "VARCHAR", "cause": "VARCHAR", "declared_on": "DATE",
       "series_key": "VARCHAR", "time_period": "VARCHAR", "found": "DOUBLE", "corrected": "DOUBLE"}]'), recursive := true)
FROM feed;
COMMENT ON VIEW correction IS 'Faults of providers that are corrected; a corrected observation names the correction in obs_attributes.';
