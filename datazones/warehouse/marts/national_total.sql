-- The sum over the zones of every figure that can be added up, by period; no figure where a zone lacks one.
--
-- kind: hub
-- feed_id: the feed that the zones had their figures from
-- measure: the series key with its reference area left open
-- period_start: first day of the period
-- period_end: first day after the period
-- title: what is measured, in the provider's words
-- time_period: the period as published
-- obs_value: the total; null where it would not be one, because a zone lacks its figure
-- zones_in: how many zones have a figure
-- zones: how many zones share this feed
-- lacking: the zones without a figure, and why
-- behind: the zones whose figure is in but may be an older one, and why
-- sum_of_zones_in: the sum of the figures there are, of zones_in zones
-- unit_measure: unit of measure as published
-- unit_mult: power of ten that figures are to be multiplied by; never applied
WITH adding_up AS (
    FROM own_period
    WHERE unit_measure IN ('万元', '百万元', '亿元', '人', '万人', '户', '万户', '个', '万个', '项', '件', '万件', '篇', '台', '万台', '吨', '万吨')
      AND NOT regexp_matches(title, '人均|平均|指数|增速|增长|比重|率')
)
SELECT feed_id, measure, period_start, period_end, p.title, p.time_period,
       CASE WHEN count(obs_value) = count(*) THEN fsum(obs_value ORDER BY zone_id) END AS obs_value,
       p.zones_in, count(*)::INTEGER AS zones,
       string_agg(zone_id || ': ' || CASE WHEN snapshot_id IS NULL THEN concat_ws(', ', state, reason)
                                          ELSE concat_ws(', ', 'no figure', nullif(state, 'current')) END,
                  '; ' ORDER BY zone_id) FILTER (obs_value IS NULL) AS lacking,
       string_agg(zone_id || ': ' || concat_ws(', ', state, reason), '; ' ORDER BY zone_id)
           FILTER (obs_value IS NOT NULL AND state <> 'current') AS behind,
       fsum(obs_value ORDER BY zone_id) AS sum_of_zones_in,
       p.unit_measure, p.unit_mult
FROM adding_up AS p JOIN contribution ON list_contains(feeds, feed_id)
LEFT JOIN own_figure AS f USING (feed_id, measure, period_start, period_end, unit, zone_id)
GROUP BY feed_id, measure, period_start, period_end, unit, p.title, p.time_period, p.zones_in, p.unit_measure, p.unit_mult
