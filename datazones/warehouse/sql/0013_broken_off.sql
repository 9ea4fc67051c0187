-- What a vintage only takes back in so many words spans nothing either, and breaks nothing off.
CREATE OR REPLACE VIEW broken_off AS
SELECT vintage_id, series_id FROM coverage AS c JOIN series AS s USING (series_id)
WHERE first_start > last_start AND EXISTS (
    FROM coverage AS g JOIN series AS o USING (series_id)
    WHERE g.vintage_id = c.vintage_id AND g.first_start <= g.last_start
      AND o.feed_id = s.feed_id AND o.series_key = s.series_key AND o.segment <> s.segment
);
COMMENT ON VIEW broken_off IS 'Which segments of series a vintage ended, because it gives the series in another unit.';
