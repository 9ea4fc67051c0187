-- The union of what zones share. The views told_* hold what each of them tells, by zone_id; `asked` the feeds of each.
-- Zones that ask for one feed hear the same in the end, each at its own times. First is who knew first what another did
-- not: of two histories the one that goes on is taken, and one that lacks a vintage, or began later, never replaces one
-- that has it. So a hub keeps what it has published, whichever zone asked last.
CREATE TEMP TABLE heard AS
SELECT zone_id, feed_id, dense_rank() OVER (PARTITION BY feed_id ORDER BY known) AS place, asked_at
FROM (SELECT zone_id, feed_id, list_append(list_sort(list_distinct(list(known_at))), TIMESTAMP 'infinity') AS known,
             max(retrieved_at) AS asked_at
      FROM told_vintage GROUP BY ALL);

CREATE TEMP TABLE told_of AS
SELECT zone_id, series_id, feed_id, series_key, s.ref_area IN (c.ref_area, c.gb2260) AS is_own, place, asked_at, content,
       segment, concat_ws('|', unit_measure, unit_mult::VARCHAR, base_per) AS unit
FROM told_series AS s JOIN contribution AS c USING (zone_id) JOIN heard USING (zone_id, feed_id)
LEFT JOIN (SELECT zone_id, series_id, bit_xor(hash(period_start, period_end, obs_value, obs_status)) AS content
           FROM told_latest GROUP BY ALL) USING (zone_id, series_id)
WHERE list_contains(c.feeds, feed_id);

-- A series that several zones tell is taken from one of them, with its whole history in all its segments: from the zone
-- that it is about, else from the one that has known it best.
CREATE TEMP TABLE teller AS
SELECT *, row_number() OVER (ORDER BY feed_id, series_key, segment)::INTEGER AS number
FROM (FROM told_of
      QUALIFY rank() OVER (PARTITION BY feed_id, series_key ORDER BY is_own DESC, place, asked_at DESC, zone_id) = 1);

INSERT INTO origin
SELECT number, t.zone_id, count(*)::INTEGER, count(*) FILTER (o.content IS DISTINCT FROM t.content)::INTEGER
FROM teller AS t JOIN told_of AS o USING (feed_id, series_key, unit) GROUP BY number, t.zone_id ORDER BY number;

CREATE TEMP TABLE numbered_vintage AS
SELECT zone_id, vintage_id, row_number() OVER (ORDER BY known_at, feed_id, zone_id, vintage_id)::INTEGER AS number
FROM told_vintage SEMI JOIN teller USING (zone_id, feed_id);

-- Loads and restatements in the order in which they came.
CREATE TEMP TABLE numbered_load AS
SELECT zone_id, load_id, row_number() OVER (ORDER BY min(came_at), zone_id, load_id)::INTEGER AS number
FROM (SELECT zone_id, load_id, retrieved_at AS came_at FROM told_vintage
      UNION ALL SELECT zone_id, load_id, restated_at FROM told_restatement) GROUP BY zone_id, load_id;

INSERT INTO series BY NAME
SELECT t.number AS series_id, s.* EXCLUDE (zone_id, series_id)
FROM told_series AS s JOIN teller AS t USING (zone_id, series_id) ORDER BY t.number;

INSERT INTO vintage BY NAME
SELECT n.number AS vintage_id, l.number AS load_id, r.number AS restated_by,
       v.* EXCLUDE (zone_id, vintage_id, load_id, restated_by)
FROM told_vintage AS v JOIN numbered_vintage AS n USING (zone_id, vintage_id) JOIN numbered_load AS l USING (zone_id, load_id)
LEFT JOIN numbered_load AS r ON r.zone_id = v.zone_id AND r.load_id = v.restated_by ORDER BY n.number;

-- Left joins, into columns that take no null: what has lost its vintage is refused and not left out.
INSERT INTO latest BY NAME
SELECT t.number AS series_id, n.number AS vintage_id, o.* EXCLUDE (zone_id, series_id, vintage_id)
FROM told_latest AS o JOIN teller AS t USING (zone_id, series_id)
LEFT JOIN numbered_vintage AS n USING (zone_id, vintage_id) ORDER BY t.number, period_start, period_end;

INSERT INTO superseded BY NAME
SELECT t.number AS series_id, n.number AS vintage_id, b.number AS superseded_by,
       o.* EXCLUDE (zone_id, series_id, vintage_id, superseded_by)
FROM told_superseded AS o JOIN teller AS t USING (zone_id, series_id)
LEFT JOIN numbered_vintage AS n USING (zone_id, vintage_id)
LEFT JOIN numbered_vintage AS b ON b.zone_id = o.zone_id AND b.vintage_id = o.superseded_by
ORDER BY t.number, period_start, period_end, known_from, b.number;

INSERT INTO restated BY NAME
SELECT l.number AS load_id, r.* EXCLUDE (zone_id, load_id)
FROM told_restated AS r SEMI JOIN teller USING (zone_id, feed_id, series_key) JOIN numbered_load AS l USING (zone_id, load_id) ORDER BY ALL;

INSERT INTO restatement BY NAME
SELECT l.number AS load_id, r.* EXCLUDE (zone_id, load_id)
FROM told_restatement AS r JOIN numbered_load AS l USING (zone_id, load_id)
WHERE l.number IN (SELECT load_id FROM restated) ORDER BY l.number;

-- For marts: what a series measures wherever it is measured, and the figures that zones tell of themselves.
CREATE TEMP MACRO measure_of(series_key, ref_area) AS
    trim(replace('.' || series_key || '.', '.' || ref_area || '.', '.*.'), '.');

CREATE TEMP TABLE own_figure AS
SELECT feed_id, measure_of(series_key, s.ref_area) AS measure, zone_id, period_start, period_end, time_period, obs_value,
       coalesce(nullif(regexp_extract(title, '^(.*), [^,]*$', 1), ''), title) AS title, unit_measure, unit_mult,
       concat_ws(' 10^', coalesce(unit_measure, ''), unit_mult) AS unit
FROM series AS s JOIN origin USING (series_id) JOIN contribution AS c USING (zone_id) JOIN latest USING (series_id)
WHERE s.ref_area IN (c.ref_area, c.gb2260) AND obs_value IS NOT NULL;

-- Each measure, period and unit in which a zone has a figure: figures in different units never meet.
CREATE TEMP TABLE own_period AS
SELECT feed_id, measure, period_start, period_end, any_value(title ORDER BY zone_id) AS title,
       any_value(time_period ORDER BY zone_id) AS time_period, unit_measure, unit_mult, unit, count(*)::INTEGER AS zones_in
FROM own_figure GROUP BY feed_id, measure, period_start, period_end, unit_measure, unit_mult, unit;
