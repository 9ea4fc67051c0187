-- Observations that came and were not let in, each beside the rule it broke and where it came from (docs/adr/0014).
CREATE TABLE quarantine (
    quarantine_id INTEGER NOT NULL, rule VARCHAR NOT NULL, complaint VARCHAR NOT NULL, feed_id VARCHAR NOT NULL,
    series_key VARCHAR NOT NULL, time_period VARCHAR NOT NULL, period_start DATE NOT NULL, period_end DATE NOT NULL,
    obs_value DOUBLE, obs_status VARCHAR, conf_status VARCHAR, comment_obs VARCHAR, obs_attributes VARCHAR,
    known_from TIMESTAMP NOT NULL, vintage_id INTEGER NOT NULL, load_id INTEGER NOT NULL, raw_digest VARCHAR,
    raw_place BIGINT, set_aside_at TIMESTAMP NOT NULL, decision VARCHAR NOT NULL, decided_by VARCHAR, because VARCHAR,
    decided_at TIMESTAMP, decided_load INTEGER
);
COMMENT ON TABLE quarantine IS 'One row per observation that was set aside: the rule it broke, its raw answer, and what a person decided.';
