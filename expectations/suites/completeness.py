"""Completeness: what readers hold now is still there, and what is there says something.

Next: Mostly a provider that left something out, or an answer that broke off: ask again, and compare the raw answers.
"""

from __future__ import annotations

from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween
from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("critical")
def there_are_observations() -> Expectation:
    """The zone has at least one observation."""
    return ExpectTableRowCountToBeBetween(min_value=1)


@rule("critical")
def feeds_are_not_lost() -> Expectation:
    """Each feed that is published still has observations."""
    return no_rows(
        """
        SELECT feed_id, 'no observation is left' AS found
        FROM (SELECT DISTINCT feed_id FROM published_extent) ANTI JOIN extent USING (feed_id)
        """
    )


@rule("critical")
def series_are_not_lost() -> Expectation:
    """Each series that is published still has observations."""
    return no_rows(
        """
        SELECT feed_id, series_key, 'of ' || observations || ' observations none is left' AS found
        FROM published_extent ANTI JOIN extent USING (feed_id, series_key)
        """
    )


@rule("info")
def nothing_is_said_without_a_reason() -> Expectation:
    """An observation without a figure has a status or a comment that says why."""
    return no_rows(
        """
        SELECT series_id, time_period, 'neither figure nor status' AS found
        FROM latest WHERE obs_value IS NULL AND obs_status IS NULL AND comment_obs IS NULL
        """
    )


@rule("critical")
def feeds_keep_their_observations() -> Expectation:
    """A feed withdraws no more than one in twenty of the observations that are published.

    Next: An answer broke off where absence means withdrawal: ask again before believing it.
    """
    return no_rows(
        """
        SELECT feed_id, withdrawn || ' of ' || observations || ' observations are withdrawn' AS found
        FROM (SELECT feed_id, count(*) AS withdrawn
              FROM change WHERE change = 'withdrawn' AND obs_value_before IS NOT NULL GROUP BY feed_id)
        JOIN (SELECT feed_id, sum(observations)::BIGINT AS observations FROM published_extent GROUP BY feed_id)
        USING (feed_id)
        WHERE withdrawn > 0.05 * observations
        """
    )


@rule("warning")
def observations_are_not_withdrawn() -> Expectation:
    """An observation that is published stays."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, 'the figure ' || obs_value_before || ' is withdrawn' AS found
        FROM change WHERE change = 'withdrawn' AND obs_value_before IS NOT NULL
        """
    )


@rule("warning")
def series_are_answered() -> Expectation:
    """Each series that the last answer gave is in the new one.

    Next: A code was retired, or the question is too narrow: look at the provider's code list.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, 'the new answer has nothing of it' AS found
        FROM answered JOIN series USING (feed_id, series_id) WHERE last_now IS NULL
        """
    )


@rule("warning")
def answers_do_not_stop_short() -> Expectation:
    """The new answer gives each series to the end that is known of it.

    Next: A page is missing or the answer broke off: ask again.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, 'the new answer ends with ' || last_now || ', known is ' || last_start AS found
        FROM answered JOIN held_series USING (feed_id, series_id)
        WHERE last_now < last_start AND last_before >= last_start
        """
    )


@rule("warning")
def answers_do_not_begin_late() -> Expectation:
    """The new answer begins where the last one did, or later by no more than it reaches further.

    Next: The first page is missing, or the question is narrower: compare it with the last one.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, 'the new answer begins with ' || first_now || ', the last one did with '
               || first_before AS found
        FROM answered JOIN held_series USING (feed_id, series_id)
        WHERE first_now - first_before > greatest(last_now - last_before, 0) + 31
        """
    )


@rule("warning")
def new_periods_come_for_all() -> Expectation:
    """When a new period comes, it comes for four in five of the series that had a figure for the last one.

    Next: The provider is still publishing: ask again in some days.
    """
    return no_rows(
        """
        WITH awaited AS (
            SELECT e.feed_id, e.last_end, h.last_end AS last_before, max(e.last_end) OVER of_feed AS newest,
                   max(h.last_end) OVER of_feed AS newest_before
            FROM extent AS e JOIN held_series AS h USING (series_id)
            SEMI JOIN asked_again ON asked_again.feed_id = e.feed_id
            WINDOW of_feed AS (PARTITION BY e.feed_id)
        ), came AS (
            SELECT feed_id, newest AS period_end, count(*) AS series, count(*) FILTER (last_end = newest) AS given
            FROM awaited WHERE last_before = newest_before AND newest > newest_before GROUP BY feed_id, newest
        )
        SELECT feed_id, time_period, given || ' of ' || series || ' series have a figure' AS found
        FROM came JOIN (SELECT feed_id, period_end, any_value(time_period) AS time_period FROM change GROUP BY ALL)
        USING (feed_id, period_end)
        WHERE series >= 5 AND given < 0.8 * series
        """
    )


@rule("warning")
def answers_have_no_holes() -> Expectation:
    """The new answer gives all that is known of a series between its first and its last period there."""
    return no_rows(
        """
        SELECT feed_id, series_key, g.period_start || ' is known, the new answer leaves it out' AS found
        FROM sighting AS g SEMI JOIN fresh_vintage USING (vintage_id)
        JOIN held USING (series_id, period_start, period_end)
        JOIN series USING (series_id) WHERE said = 'nothing' AND held.obs_value IS NOT NULL
        UNION ALL BY NAME
        SELECT feed_id, 'most of what is known is left out of ' || count(*) || ' series' AS found
        FROM coverage SEMI JOIN fresh_vintage USING (vintage_id) JOIN series USING (series_id)
        WHERE sparse GROUP BY feed_id
        """
    )
