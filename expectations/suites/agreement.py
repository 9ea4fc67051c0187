"""Agreement: what zones were told at the same time is the same in each; read from the other's published snapshot.

Next: Look at both raw answers; the zone that was asked last is the one to believe, and the other to run again.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("warning")
def zones_agree() -> Expectation:
    """A figure is the same in every zone that asked the provider within a day."""
    return no_rows(
        """
        SELECT feed_id, series_key, l.time_period, l.obs_value || ' here, ' || n.obs_value || ' in ' || zone_id AS found
        FROM said_elsewhere AS n JOIN latest AS l USING (series_id, period_start, period_end)
        WHERE abs(l.obs_value - n.obs_value) > 1e-9 * greatest(abs(l.obs_value), abs(n.obs_value))
        """
    )


@rule("warning")
def zones_know_the_same_periods() -> Expectation:
    """A period that another zone was told within a day is known here, in the series that both have."""
    return no_rows(
        """
        SELECT feed_id, series_key, n.time_period, n.obs_value || ' in ' || zone_id || ', nothing here' AS found
        FROM said_elsewhere AS n ANTI JOIN latest AS l USING (series_id, period_start, period_end)
        WHERE n.obs_value IS NOT NULL
        """
    )
