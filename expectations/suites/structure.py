"""Structure: every observation can be found, read and placed in time.

Next: Mostly a fault of the dialect or of the load, not of the provider: read the raw answer again with `datazones read`
and mend the dialect.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("critical")
def series_ids_are_unique() -> Expectation:
    """Each series has a number of its own."""
    return no_rows(
        """
        SELECT feed_id, series_key, 'number ' || series_id || ' is that of another series too' AS found
        FROM series QUALIFY count(*) OVER (PARTITION BY series_id) > 1
        """
    )


@rule("critical")
def series_keys_are_unique() -> Expectation:
    """Each segment of a series is there once in its feed, and one of them has observations."""
    return no_rows(
        """
        SELECT feed_id, series_key, count(*) || ' series have this key' AS found
        FROM series GROUP BY feed_id, series_key, segment HAVING count(*) > 1
        UNION ALL
        SELECT feed_id, series_key, count(*) || ' segments are known at once'
        FROM extent GROUP BY feed_id, series_key HAVING count(*) > 1
        """
    )


@rule("critical")
def observations_are_unique() -> Expectation:
    """Each series has one figure for a period."""
    return no_rows(
        """
        WITH out_of_order AS (  -- a file that lies in order has no second figure, and that is soon seen
            SELECT count(*) AS places
            FROM (SELECT series_id, period_start, lag(series_id) OVER () AS series_before,
                         lag(period_start) OVER () AS start_before FROM latest)
            WHERE series_before > series_id OR (series_before = series_id AND start_before >= period_start)
        )
        SELECT feed_id, series_key, time_period, 'a second figure, ' || obs_value AS found
        FROM (SELECT *, lag(period_start) OVER of_series AS start_before, lag(period_end) OVER of_series AS end_before
              FROM latest WHERE (SELECT places > 0 FROM out_of_order)
              WINDOW of_series AS (PARTITION BY series_id ORDER BY period_start, period_end))
        LEFT JOIN series USING (series_id)
        WHERE period_start = start_before AND period_end = end_before
        """
    )


@rule("critical")
def observations_have_a_series() -> Expectation:
    """Each observation belongs to a series that is described."""
    return no_rows(
        """
        SELECT series_id, time_period, 'no series has this number' AS found
        FROM latest JOIN extent USING (series_id) WHERE feed_id IS NULL
        """
    )


@rule("critical")
def observations_have_a_vintage() -> Expectation:
    """Each observation came with a vintage that is listed."""
    return no_rows(
        """
        SELECT series_id, time_period, 'vintage ' || vintage_id || ' is not listed' AS found
        FROM latest SEMI JOIN (FROM known_since ANTI JOIN vintage USING (vintage_id)) USING (vintage_id)
        """
    )


@rule("critical")
def periods_are_named() -> Expectation:
    """Each observation says its period as the provider wrote it."""
    return no_rows(
        """
        SELECT series_id, time_period, 'a period of ' || length(time_period) || ' characters' AS found
        FROM latest WHERE length(time_period) NOT BETWEEN 1 AND 35
        """
    )


@rule("critical")
def periods_run_forward() -> Expectation:
    """Each period ends after it starts."""
    return no_rows(
        """
        SELECT series_id, time_period, 'from ' || period_start || ' to ' || period_end AS found
        FROM latest JOIN (FROM extent WHERE shortest <= 0) USING (series_id) WHERE period_end <= period_start
        """
    )


@rule("critical")
def periods_are_well_formed() -> Expectation:
    """Each period is written as a year, half-year, quarter, month, week or day, or as a span from a day on."""
    return no_rows(
        r"""
        SELECT series_id, time_period, 'the period ' || time_period AS found
        FROM latest
        WHERE NOT regexp_full_match(
            time_period,
            '_Z|\d{4}(-?A1?|-?[SB][12]|-?T[1-3]|[-:]?[Qq][1-4]|-?M(0?[1-9]|1[0-2])|-?(0[1-9]|1[0-2])|'
            '-?W(0?[1-9]|[1-4]\d|5[0-3]))?|\d{8}|\d{4}-\d{2}-\d{2}(T00:00:00(\.0+)?(Z|[+-]00:?00)?|/P\d+[YMD])?')
        """
    )


@rule("critical")
def periods_fit_their_frequency() -> Expectation:
    """Each period is as long as its series' frequency says: a year, a half-year, a quarter, a month, a week, a day."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period,
               'frequency ' || freq || ', from ' || period_start || ' to ' || period_end AS found
        FROM latest JOIN (FROM extent WHERE NOT (fits(freq, shortest) AND fits(freq, longest))) USING (series_id)
        WHERE NOT fits(freq, period_end - period_start)
        """
    )


@rule("warning")
def periods_are_over() -> Expectation:
    """A figure is for a period that is over, unless its status says that it is an estimate or a forecast."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, 'the period lasts until ' || period_end AS found
        FROM latest JOIN (FROM extent, examination WHERE last_end > today + 1) USING (series_id)
        WHERE period_end > today + 1 AND time_period <> '_Z'
          AND obs_value IS NOT NULL AND NOT regexp_matches(coalesce(obs_status, ''), '[EeFf]')
        """
    )


@rule("critical", alone=True)
def statuses_are_coded() -> Expectation:
    """A status is a provider's code of a few characters, not a figure, a sentence or markup."""
    return no_rows(
        """
        SELECT series_id, time_period, 'the status ' || obs_status AS found
        FROM latest
        WHERE obs_status IS NOT NULL AND NOT regexp_full_match(obs_status, '[^\\s<>&{}0-9][^<>&{}0-9]{0,15}')
        """
    )


@rule("info")
def units_are_said() -> Expectation:
    """Each series says its unit of measure."""
    return no_rows("SELECT feed_id, series_key, 'no unit' AS found FROM series WHERE unit_measure IS NULL")


@rule("critical")
def series_keys_are_said() -> Expectation:
    """Each series has a key that is not empty."""
    return no_rows("SELECT feed_id, series_key, title AS found FROM series WHERE coalesce(series_key, '') = ''")


@rule("critical")
def knowledge_begins_once() -> Expectation:
    """Each observation says since when it is known, and no later than its vintage does."""
    return no_rows(
        """
        SELECT series_id, time_period, 'known from ' || known_from || ', vintage of ' || known_at AS found
        FROM latest JOIN (SELECT vintage_id, known_at FROM known_since JOIN vintage USING (vintage_id)
                          WHERE earliest <> known_at OR newest <> known_at) USING (vintage_id)
        WHERE known_from IS DISTINCT FROM known_at
        """
    )
