"""Against history: a vintage may change what readers hold as vintages of this feed and series usually do.

What is usual is learnt from the revisions that are kept (`stage/06_habits.sql`); nothing has to be pinned by hand.

Next: Look at the provider's notes on the release: where it announces the revision, approve the candidate.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("critical")
def what_is_published_is_kept() -> Expectation:
    """All that is published is in the candidate, as it is known now or as it was known before, but for what our own
    corrections changed, and what a zone of a hub has taken back.

    Next: The working copy is not what readers hold: make it again from the published snapshot.
    """
    return no_rows(
        """
        SELECT feed_id, series_key, 'what the candidate knew before (' || coalesce(k.observations, 0)
               || ' observations) is not what is published (' || p.observations || ')' AS found
        FROM published_extent AS p LEFT JOIN held_series AS k USING (feed_id, series_key)
        LEFT JOIN restated_series AS r USING (feed_id, series_key)
        WHERE (p.observations, p.content) IS DISTINCT FROM (k.observations, k.content) AND r.others IS DISTINCT FROM 0
          AND (feed_id, series_key) NOT IN (SELECT (feed_id, series_key) FROM taken_back)
        """
    )


@rule("warning")
def feeds_are_revised_as_usual() -> Expectation:
    """A feed as a whole is revised no more, and drifts no more, than three times as much as it ever was."""
    return no_rows(
        """
        SELECT feed_id, revised || ' figures are revised by ' || per_cent(c.middle) || ' % at the median, '
               || round(100 * c.share_large) || ' in 100 of them by more than 10 %; usual are up to '
               || per_cent(coalesce(h.middle, 0)) || ' % and ' || round(100 * coalesce(h.share_large, 0)) AS found
        FROM feed_change AS c LEFT JOIN feed_habit AS h USING (feed_id)
        WHERE revised >= 10 AND (
            c.middle > coalesce(greatest(3 * h.middle, 0.05), 0.2)
            OR c.share_large > 0.25 + 1.5 * coalesce(h.share_large, 0.2)
            OR abs(c.tens) > 0.02 + 3 * coalesce(h.drift, 0.01))
        """
    )


@rule("warning")
def feeds_are_revised_as_often() -> Expectation:
    """A feed as a whole has no much larger share of its figures revised than it ever had."""
    return no_rows(
        """
        SELECT feed_id, revised || ' figures are revised, ' || round(100 * share) || ' in 100 that were known; '
               || 'in ' || vintages || ' vintages before it were at most ' || round(100 * usual) AS found
        FROM often WHERE vintages >= 4 AND revised >= 10 AND share > 0.2 + 2 * usual
        """
    )


@rule("warning")
def series_are_revised_as_usual() -> Expectation:
    """A series is revised no more than four times as much as it ever was."""
    return no_rows(
        """
        SELECT feed_id, series_key, c.revised || ' figures are revised by up to ' || per_cent(c.large)
               || ' %; usual are up to ' || per_cent(coalesce(h.large, 0)) AS found
        FROM series_change AS c JOIN held_series USING (series_id) LEFT JOIN series_habit AS h USING (series_id)
        WHERE c.revised >= 3 AND c.large > coalesce(greatest(4 * h.large, 0.15), 0.3)
        """
    )


@rule("warning")
def figures_follow_one_another_as_usual() -> Expectation:
    """A series moves at most four times as far per period as it lately did, and not past all bounds."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, obs_value || ' after ' || obs_value_prior AS found
        FROM odd_step
        WHERE steps >= 6 AND step > 1.5 * step_before
          AND (step > greatest(4 * usual_step, 0.5) OR abs(obs_value) > 5 * largest)
        """
    )


@rule("warning")
def figures_do_not_go_missing() -> Expectation:
    """A figure is not replaced by nothing."""
    return no_rows(
        """
        SELECT feed_id, series_key, time_period, 'the figure ' || obs_value_before || ' is now missing' AS found
        FROM change WHERE change = 'revised' AND obs_value_before IS NOT NULL AND obs_value_after IS NULL
        """
    )


@rule("warning")
def figures_keep_their_digits() -> Expectation:
    """The figures of a feed do not lose two of their significant digits or more.

    Next: An edition for the press was rounded: look for the full table.
    """
    return no_rows(
        """
        SELECT feed_id, 'figures had ' || digits_before || ' digits and have ' || digits_after AS found
        FROM (SELECT feed_id, count(*) AS revised, median(digits(obs_value_before)) AS digits_before,
                     median(digits(obs_value_after)) AS digits_after
              FROM change WHERE change = 'revised' AND obs_value_before <> 0 AND obs_value_after <> 0 GROUP BY feed_id)
        WHERE revised >= 10 AND digits_after <= digits_before - 2
        """
    )


@rule("warning")
def figures_keep_their_decimals() -> Expectation:
    """The figures of a feed have no more decimals than they had, as they come to have when somebody reckons on them.

    Next: Figures were reckoned with on the way, as by another unit or a spreadsheet: look at the raw answer.
    """
    return no_rows(
        """
        SELECT feed_id, finer || ' figures have more than ' || decimals_before || ' decimals' AS found
        FROM (SELECT feed_id, decimals_before, count(*) FILTER (decimals(obs_value_after) > decimals_before) AS finer
              FROM change JOIN (SELECT feed_id, max(decimals(obs_value_before)) AS decimals_before FROM change
                                WHERE change = 'revised' GROUP BY feed_id HAVING count(obs_value_before) >= 20)
              USING (feed_id) WHERE obs_value_after IS NOT NULL GROUP BY ALL)
        WHERE finer > 0
        """
    )


@rule("warning")
def statuses_do_not_vanish() -> Expectation:
    """The statuses of a feed do not all vanish at once."""
    return no_rows(
        """
        SELECT feed_id, vanished || ' of ' || had || ' revised figures lost their status' AS found
        FROM (SELECT feed_id, count(*) AS had, count(*) FILTER (obs_status_after IS NULL) AS vanished
              FROM change WHERE change = 'revised' AND obs_status_before IS NOT NULL GROUP BY feed_id)
        JOIN (SELECT feed_id, sum(statuses) AS statuses FROM held_series GROUP BY feed_id) USING (feed_id)
        WHERE vanished >= 10 AND vanished >= 0.8 * statuses
        """
    )
