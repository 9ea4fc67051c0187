"""Ranges: what a figure of a unit can be at all.

Next: Look at the raw answer: a missing marker read as a figure, a column read for another, or a unit that is not
the one said.
"""

from __future__ import annotations

from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule

LARGEST = 1e300
"""No statistic is larger; what is, is an infinity or not a number."""


@rule("critical")
def figures_are_finite() -> Expectation:
    """A figure is a number: no infinity, nothing that is not a number."""
    return ExpectColumnValuesToBeBetween(column="obs_value", min_value=-LARGEST, max_value=LARGEST)


@rule("warning")
def shares_are_within_0_and_100() -> Expectation:
    """A share in per cent lies from 0 to 100; rates of change, balances and ratios to another whole may not."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, obs_value || ' ' || unit_said AS found
        FROM latest JOIN measured USING (series_id) WHERE is_share AND NOT obs_value BETWEEN 0 AND 100
        """
    )


@rule("critical", alone=True)
def counts_are_not_negative() -> Expectation:
    """A count of persons or things is not below zero."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, obs_value || ' ' || unit_said AS found
        FROM latest JOIN measured USING (series_id) WHERE is_count AND obs_value < 0
        """
    )
