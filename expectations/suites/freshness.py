"""Freshness: figures arrive when figures of their frequency usually do."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("warning")
def periods_arrive() -> Expectation:
    """A feed's newest period ended no longer ago than official statistics of its frequency usually take."""
    return no_rows(
        """
        SELECT feed_id, max_by(series_key, last_end) AS series_key,
               'the newest ' || freq || ' period ended ' || (any_value(today) - max(last_end)) || ' days ago' AS found
        FROM extent, examination
        GROUP BY feed_id, freq
        HAVING any_value(today) - max(last_end)
             > CASE freq WHEN 'D' THEN 14 WHEN 'W' THEN 28 WHEN 'M' THEN 120 WHEN 'Q' THEN 240 WHEN 'S' THEN 400
                         ELSE 1100 END
        """
    )
