-- Every zone's own figures beside those of the others, the largest first; a zone without a figure has no place.
--
-- kind: hub
-- feed_id: the feed that the zones had their figures from
-- measure: the series key with its reference area left open
-- period_start: first day of the period
-- place: 1 for the largest figure; null for a zone without one
-- zone_id: the zone whose figure it is
-- name_en: its English name
-- name_zh: its Chinese name
-- title: what is measured, in the provider's words
-- time_period: the period as published
-- obs_value: the zone's figure; null where it has none
-- growth: by what share it is larger than in the period before; null where one of both lacks
-- share_of_zones: its share of the sum over the zones; null where a zone lacks one, or where figures do not add up
-- zones_in: how many zones have a figure
-- zones: how many zones share this feed
-- is_newest: whether no later period has figures of as many zones
-- state: how the zone stands: current, late, held, rolled_back, missing or refused
-- unit_measure: unit of measure as published
-- unit_mult: power of ten that figures are to be multiplied by; never applied
SELECT feed_id, measure, period_start,
       CASE WHEN f.obs_value IS NOT NULL THEN rank() OVER (of_period ORDER BY f.obs_value DESC NULLS LAST) END::INTEGER AS place,
       zone_id, name_en, name_zh, p.title, p.time_period, f.obs_value,
       f.obs_value / nullif(before.obs_value, 0) - 1 AS growth, f.obs_value / nullif(t.obs_value, 0) AS share_of_zones,
       p.zones_in, count(*) OVER of_period::INTEGER AS zones,
       (p.zones_in, period_start) = max((p.zones_in, period_start)) OVER (PARTITION BY feed_id, measure) AS is_newest,
       state, p.unit_measure, p.unit_mult
FROM own_period AS p JOIN contribution ON list_contains(feeds, feed_id)
LEFT JOIN own_figure AS f USING (feed_id, measure, period_start, period_end, unit, zone_id)
LEFT JOIN (SELECT feed_id, measure, zone_id, period_end AS period_start, unit, obs_value FROM own_figure) AS before
    USING (feed_id, measure, zone_id, period_start, unit)
LEFT JOIN (SELECT *, concat_ws(' 10^', coalesce(unit_measure, ''), unit_mult) AS unit FROM national_total) AS t
    USING (feed_id, measure, period_start, period_end, unit)
WINDOW of_period AS (PARTITION BY feed_id, measure, period_start, period_end, unit)
