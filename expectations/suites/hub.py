"""A hub: every zone accounted for, and no total that is not one. In a zone that is no hub there is nothing to find.

Next: Look at the table `contribution`, and at the zone that it names; run that zone, then the hub.
"""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.no_rows import no_rows
from expectations.rules import rule


@rule("warning")
def zones_are_current() -> Expectation:
    """Every zone has published, lately, and nothing of it is held back."""
    return no_rows(
        "SELECT zone_id, concat_ws(', ', zone_id, state, reason) AS found FROM contribution WHERE state <> 'current'"
    )


@rule("warning")
def zones_tell_the_same() -> Expectation:
    """A series that several zones share has the same figures in each."""
    return no_rows(
        """
        SELECT feed_id, series_key,
               otherwise || ' of ' || told_by || ' zones tell it otherwise than ' || zone_id AS found
        FROM origin JOIN series USING (series_id) WHERE otherwise > 0
        """
    )


@rule("critical")
def only_whole_sets_have_a_total() -> Expectation:
    """A total is there only where every zone that shares the feed has a figure; else it names those that lack one."""
    return no_rows(
        """
        SELECT feed_id, measure AS series_key, time_period, zones_in || ' of ' || zones || ' zones, total '
               || coalesce(obs_value::VARCHAR, 'none') || ', lacking ' || coalesce(lacking, 'nobody') AS found
        FROM national_total
        WHERE (zones_in = zones) <> (obs_value IS NOT NULL) OR (zones_in = zones) <> (lacking IS NULL)
           OR zones <> (SELECT count(*) FROM contribution AS c WHERE list_contains(c.feeds, national_total.feed_id))
        """
    )


@rule("critical")
def totals_add_up() -> Expectation:
    """A total is the sum of the zones' own figures, each counted once."""
    return no_rows(
        """
        WITH own AS (
            SELECT s.*,
                   list_transform(string_split(series_key, '.'), lambda code: if(code = s.ref_area, '*', code)) AS codes
            FROM series AS s JOIN origin USING (series_id) JOIN contribution AS c USING (zone_id)
            WHERE s.ref_area IN (c.ref_area, c.gb2260)
        ), added AS (
            SELECT feed_id, array_to_string(codes, '.') AS measure, period_start, period_end, unit_measure, unit_mult,
                   sum(obs_value) AS total, count(obs_value) AS figures
            FROM own JOIN latest USING (series_id) GROUP BY ALL
        )
        SELECT t.feed_id, t.measure AS series_key, time_period, sum_of_zones_in || ' of ' || zones_in || ' zones, '
               || coalesce(total, 0) || ' by adding ' || coalesce(figures, 0) || ' figures' AS found
        FROM national_total AS t LEFT JOIN added AS a
          ON a.feed_id = t.feed_id AND a.measure = t.measure AND a.period_start = t.period_start
         AND a.period_end = t.period_end AND a.unit_measure IS NOT DISTINCT FROM t.unit_measure
         AND a.unit_mult IS NOT DISTINCT FROM t.unit_mult
        WHERE figures IS DISTINCT FROM zones_in OR obs_value <> sum_of_zones_in
           OR abs(total - sum_of_zones_in) > 1e-9 * greatest(abs(total), abs(sum_of_zones_in))
        """
    )
