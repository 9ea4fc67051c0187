"""A provider mistypes one figure. From the command line: the rest is published, the figure waits beside its rule and
raw answer, and a person's word on it is published too."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from urllib.request import Request, urlopen

from infra.simulator.server import serving
from tests.journey.test_held_back import ZONE, Session
from tests.journey.test_main_job import FIRST, Home

FIGURE = "SELECT obs_value FROM observation WHERE series_key = 'A.A0N0405.430000' AND time_period = '2011'"


def _script(base: str, *rules: dict[str, object]) -> None:
    urlopen(Request(f"{base}/_script", json.dumps(rules).encode()), timeout=10).read()


def test_one_wrong_figure_waits_while_the_rest_is_published_and_a_person_decides(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with serving(f"{FIRST}T00:00:00Z") as base:
        (tmp_path / ".env").write_text(f"DATAZONES_PROVIDERS_BASE={base}\n")
        session = Session(home)
        try:
            assert session.give("run", "--zone", ZONE)[0] == "0"
            ((before,),) = home.ask(ZONE, FIGURE)
            mistyped = {"match": "easyquery", "fault": "replaced"}
            _script(base, {**mistyped, "old": f'"strdata":"{before:g}"', "new": f'"strdata":"-{before:g}"'})

            code, said, _ = session.give("run", "--zone", ZONE)
            assert (code, "published" in said) == ("0", True)
            assert home.ask(ZONE, FIGURE) == [(before,)]
            (row,) = json.loads(session.give("quarantine", "list", ZONE, "--json")[1])
            assert (row["decision"], row["rule"], row["obs_value"]) == (
                "waiting", "ranges.counts_are_not_negative", -float(str(before)),
            )  # fmt: skip
            _see_its_raw_answer(home, json.loads(session.give("quarantine", "show", ZONE, str(row["id"]))[1])[0])

            assert session.give("quarantine", "release", ZONE, "1", "--because", "netted", "--by", "A. Owner")[0] == "0"
            assert home.ask(ZONE, FIGURE) == [(-float(str(before)),)]
            assert json.loads(session.give("quarantine", "list", ZONE, "--json")[1]) == []
            (decided,) = json.loads(session.give("quarantine", "list", ZONE, "--all", "--json")[1])
            assert decided["decision"] == "released"
            assert session.give("quarantine", "reject", ZONE, "1", "--because", "no")[0] == "5"
            assert session.give("rebuild", ZONE, "--check")[0] == "0"
        finally:
            session.process.kill()
            session.process.communicate()


def _see_its_raw_answer(home: Home, row: dict[str, object]) -> None:
    """The answer is in the store under its digest, and holds the figure."""
    (raw,) = (path for path in home.folder.rglob(f"{ZONE}/raw/{row['raw_digest']}") if path.is_file())
    assert sha256(raw.read_bytes()).hexdigest() == row["raw_digest"]
    assert b'"strdata":"-' in raw.read_bytes()
    assert isinstance(row["raw_place"], int)
    assert row["raw_place"] >= 1
