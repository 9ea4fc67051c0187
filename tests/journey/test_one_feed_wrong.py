"""One provider of a zone fails. From the command line: what the others bring is published, the run ends with the error,
and once the provider is well again nothing of it is missing."""

from __future__ import annotations

from pathlib import Path

from tests.journey.session import SIGNED, ZONE, Session, session

GONE: dict[str, object] = {"match": "easyquery", "fault": "status", "code": 403}
GARBLED: dict[str, object] = {"match": "easyquery", "fault": "replaced", "old": "datanodes", "new": "nodes"}


def test_what_is_wrong_with_one_feed_keeps_no_other_from_being_published(tmp_path: Path) -> None:
    with session(tmp_path) as given:
        given.script(GONE)
        code, _, said = given.give("run", "--zone", ZONE)
        assert code == "5"
        assert "ProviderRefused in" in said
        assert "all else is published as 1-" in said
        assert _feeds(given) == ["worldbank_ai_race"]

        given.script(GARBLED)
        code, _, said = given.give("run", "--zone", ZONE)
        assert code == "5"
        assert "ResponseMalformed in" in said
        assert "nothing else is new" in said
        assert _feeds(given) == ["worldbank_ai_race"]

        given.script()
        assert given.give("run", "--zone", ZONE)[0] == "0"
        assert _feeds(given) == ["nbs_province_year", "worldbank_ai_race"]


def test_a_zone_that_is_held_back_tells_of_the_feed_that_was_wrong_as_well(tmp_path: Path) -> None:
    with session(tmp_path) as given:
        assert given.give("run", "--zone", ZONE)[0] == "0"
        given.script(SIGNED, {"match": "worldbank", "fault": "status", "code": 403})
        code, _, said = given.give("run", "--zone", ZONE)
        assert code == "3"
        assert "signs_do_not_flip" in said
        assert "besides, ProviderRefused in" in said


def _feeds(given: Session) -> list[object]:
    """Those of which the zone has published figures."""
    asked = "SELECT DISTINCT feed_id FROM observation ORDER BY feed_id"
    return [feed for (feed,) in given.home.ask(ZONE, asked)]
