-- A hub: what it is built from, and what is computed of it.
CREATE VIEW contribution AS FROM candidate.contribution;
CREATE VIEW origin AS FROM candidate.origin;
CREATE VIEW national_total AS FROM candidate.national_total;

-- Series of zones that have taken back what they published last: the hub no longer knows it either.
CREATE VIEW taken_back AS
SELECT feed_id, series_key FROM candidate.origin JOIN candidate.series USING (series_id)
SEMI JOIN (FROM contribution WHERE state = 'rolled_back') USING (zone_id);
