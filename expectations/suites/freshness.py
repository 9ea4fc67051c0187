"""Freshness: figures arrive when figures of their frequency usually do.

Next: Look at the provider's release calendar; where it is later than usual, say so as `due_days` in the feed's file.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("warning")
def periods_arrive() -> Expectation:
    """A feed's next period is there when its release calendar, or what is usual for its frequency, says so.

    Of feeds that the zone has given up, nothing is due.
    """
    return no_rows(
        """
        WITH newest AS (
            SELECT feed_id, freq, max_by(series_key, last_end) AS series_key, max(last_end) AS ended
            FROM extent WHERE feed_id IS NOT NULL GROUP BY feed_id, freq
        ), next AS (
            SELECT *, (ended + CASE freq WHEN 'D' THEN INTERVAL 1 DAY WHEN 'W' THEN INTERVAL 7 DAY
                                         WHEN 'M' THEN INTERVAL 1 MONTH WHEN 'Q' THEN INTERVAL 3 MONTH
                                         WHEN 'S' THEN INTERVAL 6 MONTH ELSE INTERVAL 1 YEAR END)::DATE AS next_end,
                   CASE freq WHEN 'D' THEN 14 WHEN 'W' THEN 21 WHEN 'M' THEN 90 WHEN 'Q' THEN 150 WHEN 'S' THEN 220
                             ELSE 730 END AS usual_days
            FROM newest
        )
        SELECT feed_id, series_key, 'the newest ' || freq || ' period ended on ' || ended
               || '; the next was due on ' || coalesce(released_on, next_end + coalesce(due_days, usual_days)::INTEGER)
               AS found
        FROM next JOIN declared USING (feed_id)
                  LEFT JOIN (SELECT feed_id, max(known_at) AS known_at FROM vintage GROUP BY feed_id) USING (feed_id),
             examination
        WHERE CASE WHEN released_on IS NULL THEN today > next_end + coalesce(due_days, usual_days)::INTEGER
                   ELSE today > released_on + 1 AND known_at::DATE < released_on END
        """
    )
