-- What a hub has beside the tables of every warehouse: which zones it is built from, and who told a series.
CREATE TABLE contribution (
    zone_id VARCHAR NOT NULL, name_en VARCHAR NOT NULL, name_zh VARCHAR NOT NULL, ref_area VARCHAR NOT NULL,
    gb2260 VARCHAR NOT NULL, state VARCHAR NOT NULL, reason VARCHAR, generation INTEGER, snapshot_id VARCHAR,
    as_of TIMESTAMP, feeds VARCHAR[] NOT NULL
);
COMMENT ON TABLE contribution IS 'One row per zone that this hub is built from: the snapshot that was taken, or why there is none.';

CREATE TABLE origin (series_id INTEGER NOT NULL, zone_id VARCHAR NOT NULL, told_by INTEGER NOT NULL, otherwise INTEGER NOT NULL);
COMMENT ON TABLE origin IS 'One row per series: the zone whose snapshot it is taken from, and how many others tell it.';

CREATE TABLE mart (mart_id VARCHAR NOT NULL, about VARCHAR NOT NULL, sql_sha256 VARCHAR NOT NULL);
COMMENT ON TABLE mart IS 'One row per table that is computed from the union of what the zones share.';
