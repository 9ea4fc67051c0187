"""The AI race: China beside the United States, which is of use only while both are told alike.

Next: Look at the raw answer of the side that lags: a comparison with one side missing must not be shown.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("warning")
def both_sides_are_there() -> Expectation:
    """What is told of one side is told of the other."""
    return no_rows(
        """
        SELECT feed_id, any_value(series_key) AS series_key, 'only ' || any_value(side) || ' is there' AS found
        FROM race WHERE last_end IS NOT NULL GROUP BY feed_id, measure HAVING count(DISTINCT side) = 1
        """
    )


@rule("critical")
def both_sides_have_one_unit() -> Expectation:
    """Both sides are told in the same unit, with the same multiplier and of the same frequency."""
    return no_rows(
        """
        SELECT feed_id, min(series_key) AS series_key,
               string_agg(side || ' in ' || concat_ws(' ', coalesce(unit_measure, 'no unit'), '10^' || unit_mult, freq),
                          ', ' ORDER BY side) AS found
        FROM race GROUP BY feed_id, measure
        HAVING count(DISTINCT (unit_measure, unit_mult, freq)) > 1
        """
    )


@rule("warning")
def both_sides_are_as_recent() -> Expectation:
    """The newest figure of one side is at most two years older than that of the other."""
    return no_rows(
        """
        SELECT feed_id, min_by(series_key, last_end) AS series_key,
               min_by(side, last_end) || ' ends on ' || min(last_end) - 1 || ', the other side on '
               || max(last_end) - 1 AS found
        FROM race GROUP BY feed_id, measure HAVING date_diff('year', min(last_end), max(last_end)) > 2
        """
    )
