-- Whether a logarithm to the base of ten is about that of a power of ten.
CREATE MACRO is_power_of_ten(tens) AS abs(round(tens)) >= 1 AND abs(tens - round(tens)) < 0.12;

CREATE MACRO digits(figure) AS
    length(ltrim(rtrim(replace(split_part(format('{:.15g}', abs(figure)), 'e', 1), '.', ''), '0'), '0'));

-- How many decimals a figure has; 7 stands for any number of more.
CREATE MACRO decimals(figure) AS
    CASE WHEN figure = round(figure) THEN 0 WHEN figure = round(figure, 1) THEN 1 WHEN figure = round(figure, 2) THEN 2
         WHEN figure = round(figure, 3) THEN 3 WHEN figure = round(figure, 4) THEN 4 WHEN figure = round(figure, 5) THEN 5
         WHEN figure = round(figure, 6) THEN 6 ELSE 7 END;

CREATE MACRO growth(figure, figure_prior, smallest) AS (figure - figure_prior) / greatest(abs(figure_prior), smallest, 1e-300);

-- Series that were much revised, or that are new in a known feed.
CREATE TABLE odd_one AS
(SELECT series_id, FALSE AS is_new, large AS own FROM series_change WHERE revised >= 4 AND large > 0.1
 ORDER BY large DESC, series_id LIMIT 300)
UNION ALL
(SELECT series_id, TRUE, 1 FROM series SEMI JOIN asked_again USING (feed_id) ANTI JOIN held_series USING (series_id)
 ORDER BY series_id LIMIT 300);

-- Their newest figures.
CREATE TABLE odd_figure AS
SELECT m.feed_id, l.series_id, k.is_new, k.own, l.period_start, l.period_end, l.obs_value, h.obs_value AS obs_value_before
FROM latest AS l JOIN odd_one AS k USING (series_id) JOIN measured AS m USING (series_id)
LEFT JOIN (FROM held SEMI JOIN odd_one USING (series_id)) AS h USING (series_id, period_start, period_end)
WHERE l.obs_value <> 0 AND vintage_id IN (SELECT vintage_id FROM fresh_vintage)
QUALIFY row_number() OVER (PARTITION BY series_id ORDER BY period_start DESC) <= 12;

-- Those of them whose newest figures another series had: among many series a few figures are alike by chance, so the
-- fewer there are, the closer they have to be.
CREATE TABLE likeness AS
WITH beside AS (
    SELECT n.series_id, h.series_id AS other_id, n.is_new, n.own, count(*) AS alike,
           count(DISTINCT n.obs_value) AS different, median(abs(tens(n.obs_value / h.obs_value))) AS off,
           coalesce(median(abs(tens(n.obs_value_before / h.obs_value))), 1) AS off_before
    FROM odd_figure AS n JOIN held AS h USING (period_start, period_end)
    JOIN held_series AS k ON k.series_id = h.series_id AND k.feed_id = n.feed_id
    WHERE h.series_id <> n.series_id AND h.obs_value <> 0 AND n.obs_value / h.obs_value BETWEEN 0.8 AND 1.25
    GROUP BY ALL
)
SELECT s.feed_id, s.series_key, b.series_id, b.other_id, o.series_key AS other_key, b.is_new, b.off
FROM beside AS b JOIN measured AS s USING (series_id) JOIN measured AS o ON o.series_id = b.other_id
JOIN (SELECT series_id, count(*) AS figures FROM odd_figure GROUP BY series_id) AS n ON n.series_id = b.series_id
WHERE alike >= 4 AND different >= 3 AND alike >= 0.8 * figures - 1
  AND off < least(0.03 * (alike / 12.0) ** 2, 0.1 * own, 0.3 * off_before)
QUALIFY row_number() OVER (PARTITION BY b.series_id ORDER BY off, b.other_id) = 1;

-- With those that exchanged their figures: going from each series to the one whose figures it has leads back to it.
CREATE TABLE lookalike AS
WITH RECURSIVE walk AS (
    SELECT series_id AS begun, other_id AS reached, 1 AS steps FROM likeness WHERE NOT is_new
    UNION ALL
    SELECT begun, other_id, steps + 1 FROM walk JOIN likeness ON series_id = reached
    WHERE NOT is_new AND reached <> begun AND steps < 300
)
SELECT *, series_id IN (SELECT begun FROM walk WHERE reached = begun) AS in_ring FROM likeness;
