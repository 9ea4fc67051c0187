"""A provider gives its figures with the wrong sign. From the command line: the zone is held back, the report says why,
readers notice nothing, and a person alone can let it through."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import Request, urlopen

from lxml import html

from infra.simulator.server import serving
from tests.journey.test_main_job import FIRST, Home

ZONE = "hunan"
WHY = "seen in the yearbook: the sign is right"
SIGNED = {
    "match": "easyquery",
    "fault": "replaced",
    "old": '"hasdata":true,"strdata":"',
    "new": '"hasdata":true,"strdata":"-',
}

DRIVER = """
import json, sys
from click.testing import CliRunner
from datazones.cli.main import group
from datazones.cli.serving import prefect_api
from datazones.errors import DatazonesError
from tasks.equip import equipped
with equipped() as equipment, prefect_api(equipment.settings.home, lambda: None):
    for line in sys.stdin:
        done = CliRunner().invoke(group, json.loads(line))
        code = done.exception.exit_code if isinstance(done.exception, DatazonesError) else done.exit_code
        print(json.dumps([code, done.stdout, done.stderr + str(done.exception or "")]), flush=True)
"""
"""The commands one after the other in one process: Prefect and Great Expectations start once."""


class Session:
    """A home and the process in which its commands are given."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER], cwd=home.folder, env=home.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def give(self, *words: str) -> Sequence[str]:
        """The words of a command; its exit code, and what it says to a script and to a person."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        code, out, err = json.loads(self.process.stdout.readline())
        return f"{code}", out, err

    def snapshot(self) -> object:
        rows = json.loads(self.give("status", "--json")[1])
        return next(row["snapshot"] for row in rows if row["zone"] == ZONE)


def test_a_held_candidate_is_explained_kept_from_readers_and_published_by_a_person_only(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with serving(f"{FIRST}T00:00:00Z") as base:
        (tmp_path / ".env").write_text(f"DATAZONES_PROVIDERS_BASE={base}\n")
        session = Session(home)
        try:
            assert session.give("run", "--zone", ZONE)[0] == "0"
            published, before = home.published(ZONE).read_bytes(), session.snapshot()
            urlopen(Request(f"{base}/_script", json.dumps([SIGNED]).encode()), timeout=10).read()

            code, _, said = session.give("run", "--zone", ZONE)
            assert code == "3"
            assert "signs_do_not_flip" in said
            assert f"datazones approve {ZONE}" in said
            assert session.snapshot() == before
            assert home.published(ZONE).read_bytes() == published

            _see_the_reports(session)
            assert session.give("approve", ZONE, "--because", "  ")[0] == "2"
            assert session.give("run", "--zone", ZONE)[0] == "3"
            assert session.snapshot() == before

            assert session.give("approve", ZONE, "--because", WHY, "--by", "A. Owner")[0] == "0"
            assert session.snapshot() != before
            assert _manifest(home)["approval"] == {"because": WHY, "by": "A. Owner"}
            assert "unchanged" in session.give("run", "--zone", ZONE)[1]
            assert session.give("approve", ZONE, "--because", WHY)[0] == "5"
        finally:
            session.process.kill()
            session.process.communicate()


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
