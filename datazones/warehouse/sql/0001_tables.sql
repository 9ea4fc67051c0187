-- One zone's warehouse. Nothing here has a primary key or an index: keys are checked by query (docs/adr/0004).
CREATE TABLE zone (
    zone_id VARCHAR NOT NULL, name_en VARCHAR NOT NULL, name_zh VARCHAR NOT NULL, ref_area VARCHAR NOT NULL,
    timezone VARCHAR NOT NULL, owner VARCHAR NOT NULL
);
COMMENT ON TABLE zone IS 'The zone this warehouse belongs to; one row.';

CREATE TABLE feed (
    feed_id VARCHAR NOT NULL, agency_id VARCHAR NOT NULL, dataflow_id VARCHAR NOT NULL, title VARCHAR NOT NULL,
    licence VARCHAR NOT NULL, attribution VARCHAR NOT NULL, docs VARCHAR NOT NULL
);
COMMENT ON TABLE feed IS 'Where the figures come from and on what terms; one row per feed.';

CREATE TABLE series (
    series_id INTEGER NOT NULL, feed_id VARCHAR NOT NULL, series_key VARCHAR NOT NULL, agency_id VARCHAR NOT NULL,
    dataflow_id VARCHAR NOT NULL, freq VARCHAR, ref_area VARCHAR, unit_measure VARCHAR, unit_mult SMALLINT,
    decimals SMALLINT, base_per VARCHAR, adjustment VARCHAR, title VARCHAR, dimensions VARCHAR NOT NULL,
    series_attributes VARCHAR
);
COMMENT ON TABLE series IS 'One row per series of a feed: what is measured, where, and in what unit.';

CREATE TABLE vintage (
    vintage_id INTEGER NOT NULL, feed_id VARCHAR NOT NULL, load_id INTEGER NOT NULL, known_at TIMESTAMP NOT NULL,
    released_at TIMESTAMP, retrieved_at TIMESTAMP NOT NULL, observations BIGINT NOT NULL, added BIGINT NOT NULL,
    revised BIGINT NOT NULL, withdrawn BIGINT NOT NULL, ignored BIGINT NOT NULL
);
COMMENT ON TABLE vintage IS 'One row per landed state of a feed, and what it changed. Times are UTC.';

CREATE TABLE latest (
    series_id INTEGER NOT NULL, time_period VARCHAR NOT NULL, period_start DATE NOT NULL, period_end DATE NOT NULL,
    obs_value DOUBLE, obs_status VARCHAR, conf_status VARCHAR, comment_obs VARCHAR, obs_attributes VARCHAR,
    known_from TIMESTAMP NOT NULL, vintage_id INTEGER NOT NULL
);
COMMENT ON TABLE latest IS 'The observations as they are known now; read them through the view observation.';

CREATE TABLE superseded (
    series_id INTEGER NOT NULL, time_period VARCHAR NOT NULL, period_start DATE NOT NULL, period_end DATE NOT NULL,
    obs_value DOUBLE, obs_status VARCHAR, conf_status VARCHAR, comment_obs VARCHAR, obs_attributes VARCHAR,
    known_from TIMESTAMP NOT NULL, vintage_id INTEGER NOT NULL, known_to TIMESTAMP NOT NULL,
    superseded_by INTEGER NOT NULL, change VARCHAR NOT NULL
);
COMMENT ON TABLE superseded IS 'Observations as they were known until a vintage revised or withdrew them.';

CREATE TABLE load_log (
    load_id INTEGER NOT NULL, feed_id VARCHAR NOT NULL, slot TIMESTAMP NOT NULL, loaded_at TIMESTAMP NOT NULL,
    answers VARCHAR NOT NULL
);
COMMENT ON TABLE load_log IS 'One row per load that brought something: the feed, the slot, and the raw answers it read.';
