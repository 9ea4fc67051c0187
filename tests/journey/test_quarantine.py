"""A provider mistypes one figure. From the command line: the rest is published, the figure waits beside its rule and
raw answer, and a person's word on it is published too."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from tests.journey.homes import Home
from tests.journey.session import ZONE, session

FIGURE = "SELECT obs_value FROM observation WHERE series_key = 'A.A0N0405.430000' AND time_period = '2011'"


def test_one_wrong_figure_waits_while_the_rest_is_published_and_a_person_decides(tmp_path: Path) -> None:
    with session(tmp_path) as given:
        home = given.home
        assert given.give("run", "--zone", ZONE)[0] == "0"
        assert "nothing waits for a decision" in given.give("quarantine", "list", ZONE)[1]
        assert given.give("quarantine", "show", ZONE, "7")[0] == "5"
        ((before,),) = home.ask(ZONE, FIGURE)
        mistyped = {"match": "easyquery", "fault": "replaced"}
        given.script({**mistyped, "old": f'"strdata":"{before:g}"', "new": f'"strdata":"-{before:g}"'})

        code, said, _ = given.give("run", "--zone", ZONE)
        assert (code, "published" in said) == ("0", True)
        assert home.ask(ZONE, FIGURE) == [(before,)]
        (row,) = json.loads(given.give("quarantine", "list", ZONE, "--json")[1])
        assert (row["decision"], row["rule"], row["obs_value"]) == (
            "waiting", "ranges.counts_are_not_negative", -float(str(before)),
        )  # fmt: skip
        _see_its_raw_answer(home, json.loads(given.give("quarantine", "show", ZONE, str(row["id"]))[1])[0])

        assert given.give("quarantine", "release", ZONE, "1", "--because", "netted", "--by", "A. Owner")[0] == "0"
        assert home.ask(ZONE, FIGURE) == [(-float(str(before)),)]
        assert json.loads(given.give("quarantine", "list", ZONE, "--json")[1]) == []
        (decided,) = json.loads(given.give("quarantine", "list", ZONE, "--all", "--json")[1])
        assert decided["decision"] == "released"
        assert given.give("quarantine", "reject", ZONE, "1", "--because", "no")[0] == "5"
        assert given.give("rebuild", ZONE, "--check")[0] == "0"


def _see_its_raw_answer(home: Home, row: dict[str, object]) -> None:
    """The answer is in the store under its digest, and holds the figure."""
    (raw,) = (path for path in home.folder.rglob(f"{ZONE}/raw/{row['raw_digest']}") if path.is_file())
    assert sha256(raw.read_bytes()).hexdigest() == row["raw_digest"]
    assert b'"strdata":"-' in raw.read_bytes()
    assert isinstance(row["raw_place"], int)
    assert row["raw_place"] >= 1
