-- What a vintage said without changing anything: enough to replay every vintage exactly (docs/adr/0008).
CREATE TABLE coverage (
    vintage_id INTEGER NOT NULL, series_id INTEGER NOT NULL, first_start DATE NOT NULL, last_start DATE NOT NULL,
    absent_from DATE, absent_to DATE
);
COMMENT ON TABLE coverage IS 'One row per series that a vintage gave: all held in this span was given as held, but for what sighting says.';

CREATE TABLE sighting (
    vintage_id INTEGER NOT NULL, series_id INTEGER NOT NULL, period_start DATE NOT NULL, period_end DATE NOT NULL,
    said VARCHAR NOT NULL, obs_value DOUBLE
);
COMMENT ON TABLE sighting IS 'What a vintage said of an observation where neither its coverage nor a change tells.';

ALTER TABLE vintage ADD COLUMN content UBIGINT;
