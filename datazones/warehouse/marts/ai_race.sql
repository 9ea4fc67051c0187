-- The AI race: China beside the United States in every figure that the World Bank gives of both, period by period.
--
-- kind: hub
-- feed_id: the feed it comes from
-- measure: the series key with its reference area left open
-- period_start: first day of the period
-- title: what is measured, in the provider's words
-- time_period: the period as published
-- china: China's figure; null where there is none
-- united_states: the figure of the United States; null where there is none
-- ahead: the side with the larger figure; null where one of both lacks
-- china_per_us: China's figure divided by that of the United States; null where one of both lacks
-- lead_since: since which period without a break that side is ahead; null where one of both lacks
-- is_newest: whether no later period has both figures
-- known_from: since when both are what is known (UTC)
-- unit_measure: unit of measure as published
-- unit_mult: power of ten that figures are to be multiplied by; never applied
WITH side AS (
    SELECT feed_id, measure_of(series_key, ref_area) AS measure,
           ref_area IN ('CN', 'CHN') AS is_china, title, unit_measure, unit_mult, time_period, period_start, period_end,
           obs_value, known_from
    FROM series JOIN latest USING (series_id)
    WHERE agency_id = 'WB' AND ref_area IN ('CN', 'CHN', 'US', 'USA') AND obs_value IS NOT NULL
), beside AS (
    SELECT feed_id, measure, period_start, any_value(title ORDER BY title) AS title, any_value(time_period ORDER BY time_period) AS time_period,
           max(obs_value) FILTER (is_china) AS china, max(obs_value) FILTER (NOT is_china) AS united_states,
           CASE WHEN count(*) = 2 THEN max(known_from) END AS known_from,
           unit_measure, unit_mult
    FROM side GROUP BY feed_id, measure, period_start, period_end, unit_measure, unit_mult
), told AS (
    SELECT *, CASE WHEN china > united_states THEN 'China' WHEN china < united_states THEN 'United States'
                   WHEN china = united_states THEN 'neither' END AS ahead
    FROM beside
), turned AS (
    SELECT *, count(*) FILTER (is_turn) OVER (PARTITION BY feed_id, measure ORDER BY period_start) AS stretch
    FROM (SELECT *, ahead IS DISTINCT FROM lag(ahead) OVER (PARTITION BY feed_id, measure ORDER BY period_start) AS is_turn
          FROM told)
)
SELECT feed_id, measure, period_start, title, time_period, china, united_states, ahead,
       china / nullif(united_states, 0) AS china_per_us,
       CASE WHEN ahead IS NOT NULL
            THEN first_value(time_period) OVER (PARTITION BY feed_id, measure, stretch ORDER BY period_start) END AS lead_since,
       coalesce(period_start = max(period_start) FILTER (ahead IS NOT NULL) OVER (PARTITION BY feed_id, measure), FALSE) AS is_newest,
       known_from, unit_measure, unit_mult
FROM turned
