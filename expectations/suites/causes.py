"""Named causes: the faults that feeds are known for, each told by the trace it leaves."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("critical")
def units_do_not_jump() -> Expectation:
    """Figures do not change by a power of ten, as between yuan, ten thousand and a hundred million."""
    return no_rows(
        """
        SELECT feed_id, series_key, NULL AS time_period,
               revised || ' figures are revised by 10^' || round(tens)::INT AS found
        FROM series_change JOIN held_series USING (series_id)
        WHERE revised >= 3 AND is_power_of_ten(tens) AND tens_spread < 0.3
        UNION ALL
        SELECT feed_id, NULL, NULL, revised || ' figures are revised by 10^' || round(tens)::INT
        FROM feed_change WHERE revised >= 20 AND is_power_of_ten(tens) AND tens_spread < 0.3
        UNION ALL
        SELECT feed_id, NULL, time_period, continued || ' new figures are 10^' || round(tens)::INT || ' of those before'
        FROM new_period WHERE continued >= 5 AND is_power_of_ten(tens)
        UNION ALL
        SELECT feed_id, series_key, time_period, obs_value || ' after ' || obs_value_prior
        FROM odd_step
        WHERE obs_value * obs_value_prior > 0 AND steps >= 6 AND step_before < 1 AND step > greatest(5 * usual_step, 4)
          AND is_power_of_ten(tens(obs_value / obs_value_prior))
        """
    )


@rule("warning")
def series_are_not_rebased() -> Expectation:
    """The figures of a series do not all change by the same factor, as with another base period or currency."""
    return no_rows(
        """
        SELECT feed_id, series_key, revised || ' figures are revised by the factor ' || round(10 ** tens, 4) AS found
        FROM series_change JOIN held_series USING (series_id)
        WHERE revised >= 4 AND share_turned = 0 AND abs(tens) > log10(1.04) AND tens_spread < 0.15 * abs(tens)
        """
    )


@rule("critical")
def signs_do_not_flip() -> Expectation:
    """Figures do not all change their sign, and what was never below zero does not fall there."""
    return no_rows(
        """
        SELECT feed_id, series_key, revised || ' figures are revised to their negative' AS found
        FROM series_change JOIN held_series USING (series_id)
        WHERE (revised >= 4 AND share_flipped >= 0.8)
           OR (revised >= 2 AND share_turned >= 0.5 AND one_signed)
        UNION ALL
        SELECT feed_id, NULL, revised || ' figures are revised to their negative'
        FROM feed_change WHERE revised >= 20 AND share_flipped >= 0.8
        UNION ALL
        SELECT feed_id, NULL, turned || ' series that never changed their sign do so in a new figure'
        FROM (SELECT feed_id, count(DISTINCT series_id) AS turned,
                     (SELECT count(DISTINCT a.series_id) FROM change AS a
                      WHERE a.feed_id = c.feed_id AND a.change = 'added') AS continued
              FROM change AS c JOIN held_series USING (feed_id, series_key, series_id)
              WHERE change = 'added' AND one_signed
                AND ((negative = 0 AND obs_value_after < 0) OR (positive = 0 AND obs_value_after > 0))
              GROUP BY feed_id)
        WHERE turned >= 3 AND turned >= 0.5 * continued
        """
    )


@rule("critical")
def figures_do_not_become_zero() -> Expectation:
    """Figures do not all become zero."""
    return no_rows(
        """
        SELECT feed_id, series_key, revised || ' figures are revised to zero' AS found
        FROM series_change JOIN held_series USING (series_id)
        WHERE revised >= 4 AND share_zero >= 0.8 AND positive + negative >= 0.9 * figures
        UNION ALL
        SELECT feed_id, NULL, sum(revised)::BIGINT || ' figures are revised to zero'
        FROM series_change JOIN held_series USING (series_id) WHERE positive + negative >= 0.9 * figures
        GROUP BY feed_id HAVING sum(revised) >= 20 AND sum(revised * share_zero) >= 0.8 * sum(revised)
        UNION ALL
        SELECT feed_id, NULL, continued || ' new figures of ' || time_period || ' are zero'
        FROM new_period WHERE continued >= 3 AND share_zero >= 0.8
        """
    )


@rule("critical")
def revisions_do_not_go_back() -> Expectation:
    """A vintage is not a stale copy: its figures are not those that an earlier vintage had and the last one revised."""
    return no_rows(
        """
        WITH earlier AS (
            SELECT DISTINCT c.series_id, c.period_start, c.period_end
            FROM change AS c JOIN superseded AS s USING (series_id, period_start, period_end)
            WHERE c.change = 'revised' AND s.superseded_by NOT IN (SELECT vintage_id FROM fresh_vintage)
              AND s.obs_value = c.obs_value_after
        )
        SELECT feed_id, back || ' of ' || revised || ' revised figures are again what they were before' AS found
        FROM (SELECT feed_id, count(*) FILTER (change = 'revised') AS revised, count(e.series_id) AS back,
                     count(*) FILTER (change = 'added') AS added
              FROM change LEFT JOIN earlier AS e USING (series_id, period_start, period_end) GROUP BY feed_id)
        WHERE back >= 5 AND back >= 0.8 * revised AND added = 0
        """
    )


@rule("warning")
def new_periods_are_not_copies() -> Expectation:
    """The figures of a new period are not those of the period before it."""
    return no_rows(
        """
        WITH usual AS (
            SELECT feed_id, count(*) AS figures, avg((obs_value = obs_value_prior)::INT) AS share FROM (
                SELECT series_id, obs_value, lag(obs_value) OVER (PARTITION BY series_id ORDER BY period_start)
                       AS obs_value_prior
                FROM held SEMI JOIN (SELECT series_id FROM change WHERE change = 'added'
                                     AND obs_value_after = obs_value_prior) USING (series_id))
            JOIN held_series USING (series_id) WHERE obs_value_prior <> 0 GROUP BY feed_id
        )
        SELECT feed_id, NULL AS series_key, time_period,
               copied || ' of ' || continued || ' new figures repeat those of the period before' AS found
        FROM new_period JOIN usual USING (feed_id)
        WHERE copied >= 0.5 * continued AND copied > 3 * share * continued
          AND (copied >= 3 OR (share < 0.01 AND figures >= 30))
        """
    )


@rule("critical")
def periods_do_not_shift() -> Expectation:
    """The figures of a series do not move to another period."""
    return no_rows(
        """
        WITH looked_at AS (
            SELECT series_id FROM series_change WHERE revised >= 6 AND large > 0.005
            ORDER BY large DESC, series_id LIMIT 2000
        ), growing AS (
            SELECT series_id, period_start, growth(obs_value, lag(obs_value) OVER of_series, smallest) AS growth
            FROM latest SEMI JOIN looked_at USING (series_id) JOIN held_series USING (series_id)
            WHERE obs_value IS NOT NULL WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start)
        ), grown AS (
            SELECT series_id, period_start, growth(obs_value, lag(obs_value) OVER of_series, smallest) AS growth
            FROM held SEMI JOIN looked_at USING (series_id) JOIN held_series USING (series_id)
            WHERE obs_value IS NOT NULL WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start)
        ), beside AS (
            SELECT series_id, period_start, growth AS unshifted, by_periods,
                   lag(growth, by_periods) OVER (PARTITION BY series_id, by_periods ORDER BY period_start) AS shifted
            FROM grown, (SELECT unnest([-12, -4, -2, -1, 1, 2, 4, 12]) AS by_periods)
        )
        SELECT feed_id, series_key, compared || ' figures are those of ' || by_periods || ' periods before' AS found
        FROM (SELECT series_id, by_periods, count(*) AS compared, median(abs(n.growth - b.shifted)) AS off,
                     median(abs(n.growth - b.unshifted)) AS off_unshifted
              FROM growing AS n JOIN beside AS b USING (series_id, period_start)
              SEMI JOIN change AS c USING (series_id, period_start)
              WHERE b.shifted IS NOT NULL GROUP BY series_id, by_periods)
        JOIN held_series USING (series_id)
        WHERE compared >= 6 AND off_unshifted > 0.005 AND off < 0.3 * off_unshifted
        """
    )


@rule("critical")
def areas_are_not_swapped() -> Expectation:
    """Series do not exchange their figures."""
    return no_rows(
        """
        SELECT feed_id, series_key, 'its figures are those of ' || other_key AS found
        FROM lookalike WHERE NOT is_new AND other_key IN (SELECT series_key FROM lookalike WHERE NOT is_new)
        """
    )


@rule("warning")
def series_are_not_copied() -> Expectation:
    """A series does not come to have the figures of another."""
    return no_rows(
        """
        SELECT feed_id, series_key, 'its figures are those of ' || other_key AS found FROM lookalike WHERE NOT is_new
        """
    )


@rule("warning")
def series_are_not_renamed() -> Expectation:
    """A new series is not one that is already there, under another key."""
    return no_rows(
        """
        SELECT feed_id, series_key,
               'a new series with the figures of ' || other_key || ', which is not given any more' AS found
        FROM lookalike WHERE is_new AND other_id IN (SELECT series_id FROM answered WHERE last_now IS NULL)
        UNION ALL
        SELECT feed_id, NULL, fresh || ' series are new beside ' || known
        FROM (SELECT feed_id, count(*) FILTER (series_id NOT IN (SELECT series_id FROM held_series)) AS fresh,
                     count(*) FILTER (series_id IN (SELECT series_id FROM held_series)) AS known
              FROM series SEMI JOIN asked_again USING (feed_id) GROUP BY feed_id)
        WHERE fresh >= 5 AND fresh >= 0.2 * known
        """
    )
