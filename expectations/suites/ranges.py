"""Ranges: what a figure of a unit can be at all.

Next: Look at the raw answer: a missing marker read as a figure, a column read for another, or a unit that is not
the one said.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("critical")
def figures_are_finite() -> Expectation:
    """A figure is a number: no infinity, nothing that is not a number."""
    return no_rows(
        """
        SELECT series_id, time_period, 'the figure ' || obs_value AS found
        FROM latest JOIN (FROM extent WHERE NOT isfinite(lowest) OR NOT isfinite(highest)) USING (series_id)
        WHERE NOT isfinite(obs_value)
        """
    )


@rule("warning")
def shares_are_within_0_and_100() -> Expectation:
    """A share in per cent lies from 0 to 100; rates of change, balances and ratios to another whole may not."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, obs_value || ' ' || unit_said AS found
        FROM latest JOIN (FROM extent WHERE is_share AND (lowest < 0 OR highest > 100)) USING (series_id)
        WHERE NOT obs_value BETWEEN 0 AND 100
        """
    )


@rule("critical", alone=True)
def counts_are_not_negative() -> Expectation:
    """A count of persons or things is not below zero."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, obs_value || ' ' || unit_said AS found
        FROM latest JOIN (FROM extent WHERE is_count AND lowest < 0) USING (series_id) WHERE obs_value < 0
        """
    )
