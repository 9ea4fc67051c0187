"""Named causes: the faults that feeds are known for, each told by the trace it leaves.

Next: Look at the raw answer: where it says so too, the provider is at fault, and
waiting or a declared correction helps.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("critical")
def units_do_not_jump() -> Expectation:
    """Figures do not change by a power of ten, as between yuan, ten thousand and a hundred million.

    Next: The provider changed between yuan, wan and yi, or moved the multiplier: look at the unit in the
    raw answer.
    """
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
    """The figures of a series do not all change by the same factor, as with another base period or currency.

    Next: The base period, the currency or the method changed: see the provider's notes, and start a series of its own.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, revised || ' figures are revised by the factor ' || round(10 ** tens, 4) AS found
        FROM series_change JOIN held_series USING (series_id)
        WHERE revised >= 4 AND share_turned = 0 AND abs(tens) > log10(1.04) AND tens_spread < 0.15 * abs(tens)
        """
    )


@rule("critical")
def signs_do_not_flip() -> Expectation:
    """Figures do not all change their sign, and what was never below zero does not fall there.

    Next: A convention changed (imports, deficits), or a minus was lost: look at the raw answer.
    """
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
                AND ((lowest >= 0 AND obs_value_after < 0) OR (highest <= 0 AND obs_value_after > 0))
              GROUP BY feed_id)
        WHERE turned >= 3 AND turned >= 0.5 * continued
        """
    )


@rule("critical")
def figures_do_not_become_zero() -> Expectation:
    """Figures do not all become zero, of series in which zeros are not the rule.

    Next: A missing marker was written as 0: look at the status beside it in the raw answer.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, NULL AS time_period, revised || ' figures are revised to zero' AS found
        FROM series_change JOIN held_series USING (series_id)
        WHERE revised >= 4 AND share_zero >= 0.8 AND nonzero >= 0.9 * figures
        UNION ALL
        SELECT feed_id, NULL, time_period, zeros || ' figures and no other than zero'
        FROM (SELECT c.feed_id, c.time_period, count(*) AS zeros,
                     avg(nonzero / greatest(figures, 1)) AS usual
              FROM change AS c JOIN held_series USING (series_id)
              WHERE obs_value_after IS NOT NULL GROUP BY ALL HAVING bool_and(obs_value_after = 0))
        WHERE (1 - usual) ** zeros < 1e-6 AND zeros >= 3
        """
    )


@rule("critical")
def revisions_do_not_go_back() -> Expectation:
    """A vintage is not a stale copy: its figures are not those that an earlier vintage had and the last one revised.

    Next: A cache answered, or the provider restored a backup: ask again later, and keep what is published.
    """
    return no_rows(
        """
        SELECT feed_id, back || ' of ' || revised || ' revised figures are again what they were before' AS found
        FROM turned_back WHERE back >= 5 AND back >= 0.8 * revised AND added = 0
        """
    )


@rule("warning")
def revisions_bring_something_new() -> Expectation:
    """The revised figures of a vintage are not all what they were before an earlier revision.

    Next: A cache may have answered: ask again later.
    """
    return no_rows(
        """
        SELECT feed_id, revised || ' figures are revised, all to what they were before' AS found
        FROM turned_back WHERE revised > 0 AND back = revised AND added = 0
        """
    )


@rule("warning")
def figures_are_not_copies_of_the_period_before() -> Expectation:
    """The figures that a vintage brings for a period are not those of the period before it.

    Next: A placeholder was published: wait for the real figures.
    """
    return no_rows(
        """
        WITH brought AS (
            SELECT feed_id, time_period, period_start, count(*) AS figures,
                   count(*) FILTER (obs_value_after = obs_value_prior) AS copied
            FROM change WHERE obs_value_prior <> 0 AND obs_value_after IS NOT NULL
            GROUP BY feed_id, time_period, period_start HAVING copied >= 0.5 * count(*)
        ), usual AS (
            SELECT feed_id, count(*) AS figures, avg((obs_value = obs_value_prior)::INT) AS share FROM (
                SELECT series_id, obs_value, lag(obs_value) OVER (PARTITION BY series_id ORDER BY period_start)
                       AS obs_value_prior
                FROM held SEMI JOIN (SELECT series_id FROM change WHERE obs_value_after = obs_value_prior)
                USING (series_id))
            JOIN held_series USING (series_id) WHERE obs_value_prior <> 0 GROUP BY feed_id
        )
        SELECT feed_id, NULL AS series_key, time_period,
               copied || ' of ' || b.figures || ' figures repeat those of the period before' AS found
        FROM brought AS b JOIN usual AS u USING (feed_id)
        WHERE copied > 3 * share * b.figures AND (copied >= 3 OR (share < 0.01 AND u.figures >= 30))
        """
    )


@rule("critical")
def periods_do_not_shift() -> Expectation:
    """The figures of a series do not move to another period.

    Next: A column is missing or a header moved by one: look at the first and the last column of the raw answer.
    """
    return no_rows(
        """
        WITH looked_at AS (
            SELECT series_id FROM series_change JOIN held_series USING (series_id)
            WHERE revised >= 2 AND large > 0.005 AND nonzero >= 0.9 * figures
            ORDER BY large DESC, series_id LIMIT 2000
        ), growing AS (
            SELECT series_id, period_start, growth(obs_value, lag(obs_value) OVER of_series, smallest) AS growth
            FROM latest SEMI JOIN looked_at USING (series_id) JOIN held_series USING (series_id)
            WHERE obs_value IS NOT NULL WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start)
        ), grown AS (
            SELECT series_id, period_start, growth(obs_value, lag(obs_value) OVER of_series, smallest) AS growth
            FROM held SEMI JOIN looked_at USING (series_id) JOIN held_series USING (series_id)
            WHERE obs_value IS NOT NULL WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start)
        ), shifted AS (
            SELECT series_id, period_start, growth AS unshifted,
                   [lag(growth, -12) OVER of_series, lag(growth, -4) OVER of_series, lag(growth, -2) OVER of_series,
                    lag(growth, -1) OVER of_series, lag(growth, 1) OVER of_series, lag(growth, 2) OVER of_series,
                    lag(growth, 4) OVER of_series, lag(growth, 12) OVER of_series] AS by_growth
            FROM grown WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start)
        ), beside AS (
            SELECT series_id, period_start, unshifted, unnest(by_growth) AS shifted,
                   unnest([-12, -4, -2, -1, 1, 2, 4, 12]) AS by_periods
            FROM shifted SEMI JOIN change USING (series_id, period_start)
        ), paired AS (
            SELECT h.feed_id, h.series_key, series_id, by_periods, period_start, n.growth,
                   abs(n.growth - b.shifted) AS off, abs(n.growth - b.unshifted) AS off_unshifted
            FROM growing AS n JOIN beside AS b USING (series_id, period_start) JOIN held_series AS h USING (series_id)
            WHERE b.shifted IS NOT NULL
        ), fitting AS (
            SELECT feed_id, series_key, series_id, by_periods, count(*) AS compared,
                   median(off) AS off, median(off_unshifted) AS off_unshifted
            FROM paired GROUP BY GROUPING SETS ((feed_id, series_key, series_id, by_periods), (feed_id, by_periods))
            HAVING compared >= CASE WHEN series_id IS NULL THEN 20 ELSE 6 END
               AND median(off_unshifted) > 0.005 AND median(off) < 0.3 * median(off_unshifted)
            ORDER BY series_id NULLS FIRST LIMIT 200
        ), alike AS (  -- how many of its steps would have fitted as well: coarse figures repeat themselves
            SELECT p.series_id, by_periods, p.off <= f.off + 1e-9 AS fits,
                   avg((abs(p.growth - g.growth) <= f.off + 1e-9)::INT) AS share
            FROM (FROM paired SEMI JOIN fitting USING (series_id, by_periods)
                  QUALIFY row_number() OVER (PARTITION BY series_id, by_periods ORDER BY period_start DESC) <= 50) AS p
            JOIN fitting AS f USING (series_id, by_periods) JOIN grown AS g ON g.series_id = p.series_id
            WHERE g.growth IS NOT NULL GROUP BY p.series_id, by_periods, p.period_start, p.off, f.off
        ), by_chance AS (
            SELECT series_id, by_periods, count(*) AS tried, count(*) FILTER (fits) AS fitted, avg(share) AS share
            FROM alike GROUP BY ALL
        )
        SELECT feed_id, series_key, compared || ' figures are those of ' || by_periods || ' periods before' AS found
        FROM fitting LEFT JOIN by_chance USING (series_id, by_periods)
        WHERE series_id IS NULL
           OR fitted * ln(share) + lgamma(tried + 1) - lgamma(fitted + 1) - lgamma(tried - fitted + 1)
              + ln(8 * (SELECT count(*) FROM looked_at)) < ln(0.01)
        """
    )


@rule("critical")
def areas_are_not_swapped() -> Expectation:
    """Series do not exchange their figures.

    Next: Rows or codes were exchanged: compare the codes and the names in the raw answer.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, 'its figures are those of ' || other_key AS found
        FROM lookalike WHERE in_ring
        """
    )


@rule("warning")
def series_are_not_copied() -> Expectation:
    """A series does not come to have the figures of another.

    Next: A row was pasted over another: compare both rows in the raw answer.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, 'its figures are those of ' || other_key AS found FROM lookalike WHERE NOT is_new
        """
    )


@rule("warning")
def series_are_not_renamed() -> Expectation:
    """A new series is not one that is already there, under another key.

    Next: A code list changed: map the old code to the new one in the feed, so that history goes on.
    """
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
