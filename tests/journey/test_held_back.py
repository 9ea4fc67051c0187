"""A provider gives its figures with the wrong sign. From the command line: the zone is held back, the report says why,
readers notice nothing, and a person alone can let it through."""

from __future__ import annotations

import json
from pathlib import Path

from lxml import html

from tests.journey.homes import Home
from tests.journey.session import SIGNED, ZONE, Session, session

WHY = "seen in the yearbook: the sign is right"


def test_a_held_candidate_is_explained_kept_from_readers_and_published_by_a_person_only(tmp_path: Path) -> None:
    with session(tmp_path) as given:
        home = given.home
        assert given.give("run", "--zone", ZONE)[0] == "0"
        published, before = home.published(ZONE).read_bytes(), given.snapshot()
        given.script(SIGNED)

        code, _, said = given.give("run", "--zone", ZONE)
        assert code == "3"
        assert "signs_do_not_flip" in said
        assert f"datazones approve {ZONE}" in said
        assert given.snapshot() == before
        assert home.published(ZONE).read_bytes() == published

        _see_the_reports(given)
        assert given.give("approve", ZONE, "--because", "  ")[0] == "2"
        assert given.give("run", "--zone", ZONE)[0] == "3"
        assert given.snapshot() == before

        assert given.give("approve", ZONE, "--because", WHY, "--by", "A. Owner")[0] == "0"
        assert given.snapshot() != before
        assert _manifest(home)["approval"] == {"because": WHY, "by": "A. Owner"}
        assert "unchanged" in given.give("run", "--zone", ZONE)[1]
        assert given.give("approve", ZONE, "--because", WHY)[0] == "5"


def _see_the_reports(session: Session) -> None:
    """Of the held candidate and of the snapshot that readers have, both from the store."""
    assert session.give("report", ZONE, "--held", "--to", "why.html")[0] == "0"
    page = html.fromstring((session.home.folder / "why.html").read_text())
    assert "held back" in page.xpath("string(//h1)")
    assert page.xpath("//svg//*[@class='before']")
    of_snapshot = json.loads(session.give("report", ZONE, "--json")[1])
    assert (of_snapshot["outcome"], of_snapshot["candidate"]["parent"]) == ("passed", None)


def _manifest(home: Home) -> dict[str, object]:
    """The newest of the zone, as it lies in the embedded store."""
    kept = (path for path in home.folder.rglob(f"{ZONE}/manifests/*.json") if not path.stem.endswith(".meta"))
    newest = max(kept, key=lambda path: path.name)
    found: dict[str, object] = json.loads(newest.read_bytes())
    return found
