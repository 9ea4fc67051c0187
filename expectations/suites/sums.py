"""Sums: parts against the total, provinces against the nation, where the feed declares that they add up.

Next: Look at the raw answer and at the sums that the feed's file declares: a part may be new, or lost.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("warning")
def parts_add_up() -> Expectation:
    """The parts that a feed declares add up to their whole, as closely as it declares."""
    return no_rows(
        """
        SELECT feed_id, max(series_key) FILTER (is_whole) AS series_key, any_value(time_period) AS time_period,
               'the whole is ' || sum(obs_value) FILTER (is_whole) || ', its parts are '
               || sum(obs_value) FILTER (NOT is_whole) AS found
        FROM summand JOIN latest USING (series_id)
        GROUP BY feed_id, dimension, whole, measure, len(parts), tolerance, period_start, period_end
        HAVING count(obs_value) FILTER (NOT is_whole) = len(parts) AND count(obs_value) FILTER (is_whole) = 1
           AND abs(sum(obs_value) FILTER (is_whole) - sum(obs_value) FILTER (NOT is_whole))
             > tolerance * greatest(abs(sum(obs_value) FILTER (is_whole)), sum(abs(obs_value)) FILTER (NOT is_whole))
        """
    )


@rule("info")
def parts_are_there() -> Expectation:
    """Each part of a declared sum is there where its whole is."""
    return no_rows(
        """
        SELECT feed_id, max(series_key) FILTER (is_whole) AS series_key,
               count(*) FILTER (NOT is_whole) || ' of ' || len(parts) || ' parts are there' AS found
        FROM summand GROUP BY feed_id, dimension, whole, measure, len(parts)
        HAVING bool_or(is_whole) AND count(*) FILTER (NOT is_whole) < len(parts)
        """
    )
