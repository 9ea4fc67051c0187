"""The main job, as a newcomer runs it: real processes, real HTTP, a real object store, real DuckDB files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pytest

from datazones.catalogue import load
from datazones.cli.commands import hub, query
from datazones.cli.main import group
from datazones.publishing import Store, current, fetch_manifest
from infra.local_s3 import running
from tests.journey import facts
from tests.journey.homes import FIRST, GB2260, LATER, ZONES, Journey, held_figures

README = (Path(__file__).parents[2] / "README.md").read_text()

SUGGESTED = sorted(
    {
        (zone, " ".join(sql.split()))
        for text in (README, *(command.help or "" for command in (group, query.command, hub.command)))
        for zone, sql in re.findall(r'datazones query ([a-z]+) "([^"]+)"', text)
    }
)

NOISE = 1e-9
"""What differs by less was not a revision: the held figure stays, and the difference is counted."""


def _expected(zone: str, on: date) -> facts.Known:
    world_bank = facts.seen("WB", "WDI", on)
    provincial = {key: figure for key, figure in facts.seen("NBS", "fsnd", on).items() if key[1] == GB2260[zone]}
    return {key: figure for key, figure in (world_bank | provincial).items() if key[2] >= "1990"}


@pytest.mark.parametrize("zone", ZONES)
def test_a_published_zone_holds_exactly_the_figures_of_its_sources(journey: Journey, zone: str) -> None:
    expected = _expected(zone, FIRST)
    assert len(expected) > 50
    assert journey.held_first[zone] == expected


@pytest.mark.parametrize("zone", ZONES)
def test_after_the_clock_moved_on_a_zone_holds_the_newest_figures(journey: Journey, zone: str) -> None:
    assert journey.later.returncode == 0, journey.later.stdout + journey.later.stderr
    assert held_figures(journey.home, zone) == pytest.approx(_expected(zone, LATER), rel=NOISE)


def test_a_second_run_finds_nothing_new_and_publishes_nothing(journey: Journey) -> None:
    assert journey.again.returncode == 0
    assert len(re.findall("unchanged", journey.again.stdout)) == len([*ZONES, "national"])
    assert "published" not in journey.again.stdout.replace("published file", "")


def test_a_year_revised_after_the_census_is_still_known_as_it_was_before(journey: Journey) -> None:
    figure = "SELECT obs_value FROM {} WHERE series_key = 'A.A020101.110000' AND time_period = '2017'"
    before = journey.home.ask("beijing", figure.format("observation_as_of(TIMESTAMP '2021-01-01')"))
    after = journey.home.ask("beijing", figure.format("observation"))
    assert (before, after) == ([(28014.94,)], [(31325.9,)])


def test_the_table_of_a_run_names_every_zone_with_its_snapshot(journey: Journey) -> None:
    for zone in [*ZONES, "national"]:
        (line,) = [line for line in journey.first.stdout.splitlines() if line.startswith(zone)]
        assert re.search(rf"\b1-{journey.digests_first[zone][:8]}", line)


def test_a_run_prints_no_trace_no_warning_and_no_noise_of_a_library(journey: Journey) -> None:
    for run in (journey.first, journey.again, journey.later):
        words = run.stdout + run.stderr
        assert not re.search(r"traceback|warning|error|deprecat|telemetry|\bINFO\b", words, re.IGNORECASE), words


def test_nothing_is_left_running_when_a_run_has_ended(journey: Journey) -> None:
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(journey.home.folder) not in processes


def test_the_same_query_is_answered_by_the_command_line(journey: Journey) -> None:
    asked = journey.home.run("query", "hunan", "SELECT count(*) AS n FROM observation", "--json", "--offline")
    counted = journey.home.ask("hunan", "SELECT count(*) FROM observation")
    assert json.loads(asked.stdout) == [{"n": counted[0][0]}]


@pytest.mark.parametrize(("zone", "sql"), SUGGESTED)
def test_what_readme_and_help_suggest_to_ask_has_an_answer(journey: Journey, zone: str, sql: str) -> None:
    asked = journey.home.run("query", zone, sql, "--json", "--offline")
    assert json.loads(asked.stdout), asked.stderr


def test_the_first_question_of_the_readme_is_answered(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    question = README.partition("```sql\n")[2].partition("```")[0]
    monkeypatch.chdir(journey.home.folder)
    with duckdb.connect() as connection:
        known = [row[1] for row in connection.execute(question).fetchall()]
    product = ("A020101", GB2260["beijing"], "2018")
    assert known == [_expected("beijing", on)[product] for on in (FIRST, LATER)]


def test_what_the_newest_snapshot_changed_is_said_feed_by_feed(journey: Journey) -> None:
    said = journey.home.run("diff", "beijing").stdout
    assert said.startswith("beijing, generation 1 to 2:\n")
    assert re.search(r"nbs_province_year \(now up to 20\d\d\)\n(  .*\n)*  revised figures: \d+\n  revised by: ", said)


def test_what_to_cite_and_on_what_terms_is_in_every_snapshot_and_in_its_manifest(journey: Journey) -> None:
    catalogue = load()
    with running(journey.home.folder / ".datazones/store", "datazones") as address, Store.at(address) as store:
        for zone in catalogue.zones.values():
            expected = {feed.feed_id: tuple(catalogue.terms_of(feed)) for feed in catalogue.feeds_of(zone)}
            cited = journey.home.ask(zone.zone_id, "SELECT feed_id, licence, attribution, terms FROM citation")
            assert {row[0]: row[1:] for row in cited} == expected
            pointer = current(store, zone.prefix)
            assert pointer
            held = fetch_manifest(store, zone.prefix, pointer.snapshot).feeds
            assert {feed.feed_id: (feed.licence, feed.attribution, feed.terms) for feed in held} == expected
            assert all(feed.known_at for feed in held)


@pytest.mark.parametrize(("kind", "name"), [("tables", "feed"), ("views", "citation"), ("views", "correction")])
def test_what_says_the_terms_says_what_it_is(journey: Journey, kind: str, name: str) -> None:
    singular = kind.removesuffix("s")
    on_it = journey.home.ask("beijing", f"SELECT comment FROM duckdb_{kind}() WHERE {singular}_name = '{name}'")
    on_columns = journey.home.ask("beijing", f"SELECT comment FROM duckdb_columns() WHERE table_name = '{name}'")
    assert on_it
    assert len(on_columns) > 5
    assert all(comment for (comment,) in on_it + on_columns)


def test_a_file_can_be_pulled_to_where_one_wants_it(journey: Journey) -> None:
    pulled = journey.home.run("pull", "hubei", "--to", "mine.duckdb")
    assert pulled.returncode == 0, pulled.stderr
    assert (journey.home.folder / "mine.duckdb").read_bytes() == journey.home.published("hubei").read_bytes()


def test_a_zone_made_again_from_its_raw_answers_is_what_was_published(journey: Journey) -> None:
    shutil.rmtree(journey.home.folder / ".datazones" / "landing")
    run = journey.home.run("rebuild", "beijing", "--json")
    assert run.returncode == 0, run.stderr
    rows = {row["table"]: row for row in json.loads(run.stdout)}
    assert all(row["rebuilt"] == row["held"] for row in rows.values())
    assert all(rows[name]["rebuilt"] == rows[name]["published"] for name in ("latest", "superseded", "load_log"))
    assert rows["superseded"]["rows"] > 50


def test_the_doctor_finds_the_embedded_store_safe(journey: Journey) -> None:
    assert journey.home.run("doctor").returncode == 0
