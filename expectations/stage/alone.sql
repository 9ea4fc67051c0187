-- A zone that is no hub: built from no other zone.
CREATE TABLE contribution (zone_id VARCHAR, ref_area VARCHAR, gb2260 VARCHAR, state VARCHAR, reason VARCHAR, snapshot_id VARCHAR, feeds VARCHAR[]);
CREATE TABLE origin (series_id INTEGER, zone_id VARCHAR, told_by INTEGER, otherwise INTEGER);
CREATE TABLE national_total (feed_id VARCHAR, measure VARCHAR, time_period VARCHAR, period_start DATE, period_end DATE,
                             obs_value DOUBLE, zones_in INTEGER, zones INTEGER, lacking VARCHAR, sum_of_zones_in DOUBLE,
                             unit_measure VARCHAR, unit_mult SMALLINT);
CREATE TABLE taken_back (feed_id VARCHAR, series_key VARCHAR);
