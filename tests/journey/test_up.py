"""An installation on one machine, as production runs: PostgreSQL, Redis, an auth string, two workers, real deaths."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datazones import slots
from datazones.catalogue import load
from datazones.catalogue.loading import SHIPPED
from datazones.publishing import Book, Store
from datazones.publishing.book import Settled
from infra import local_s3
from infra.upkeep.reporting import Reporting
from tests.journey.guarding import UNGUARDED, answers, forged, is_heard, leaks, routes, shares_with
from tests.journey.homes import ZONES
from tests.journey.installed import PRODUCTION, Installation, up, wait
from tests.parts import needs
from tests.tabs import tab

MINUTE = "23"
"""Past the hour: when this catalogue has zhejiang refreshed, and the one that ships has not."""

SECRETS = {
    "DATAZONES_SIGNING_KEY": secrets.token_hex(32),
    "DATAZONES_SECRETS__FRED_API_KEY": secrets.token_hex(16),
    "DATAZONES_SECRETS__NOBODY": secrets.token_hex(16),
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    needs("pg_ctlcluster", "postgresql")
    needs("redis-server", "redis-server")
    zones = tmp_path_factory.mktemp("catalogue") / "zones"
    shutil.copytree(SHIPPED / "zones", zones)
    zhejiang = zones / "zhejiang.toml"
    said = zhejiang.read_text().replace("topics = [", 'topics = ["us_output", ')
    zhejiang.write_text(re.sub(r'schedule = "\S+', f'schedule = "{MINUTE}', said))
    with up(*PRODUCTION, DATAZONES_ZONES_FOLDER=str(zones), **SECRETS) as found:
        yield found


def test_every_zone_has_a_deployment_as_soon_as_it_is_up_as_the_catalogue_in_use_has_it(
    installation: Installation,
) -> None:
    listed = {deployment["name"]: deployment for deployment in installation.asked("deployments/filter", {})}
    assert {*ZONES, "national"} <= set(listed)
    (schedule,) = listed["zhejiang"]["schedules"]
    assert schedule["schedule"]["cron"].split()[0] == MINUTE


def test_what_is_declared_no_more_is_taken_from_the_server_and_what_is_not_ours_stays(
    installation: Installation,
) -> None:
    made = (
        "from prefect.client.orchestration import get_client; from prefect import flow\n"
        "client = get_client(sync_client=True); mine = client.create_flow(flow(lambda: None, name='mine'))\n"
        "client.create_deployment(mine, 'gone', tags=['zone', 'gone'])\n"
        "client.create_deployment(mine, 'kept', tags=['zone'])"
    )
    assert installation.python(made).returncode == 0
    told = installation.datazones("deploy", "--json")
    assert "taken away" in {row["what"]: row["found"] for row in json.loads(told.stdout)}["deployment gone"]
    left = {deployment["name"] for deployment in installation.asked("deployments/filter", {})}
    assert ("gone" in left, "kept" in left, "national" in left) == (False, True, True)


def test_the_operators_are_told_once_the_server_has_a_block_of_theirs(installation: Installation) -> None:
    assert [automation["name"] for automation in installation.asked("automations/filter", {})] == ["national"]
    block = (
        "from prefect.blocks.notifications import SlackWebhook as S; S(url='https://example.org/x').save('operators')"
    )
    assert installation.python(block).returncode == 0
    for said in ("made", "as declared"):
        done = installation.datazones("deploy", "--json")
        assert {row["what"]: row["found"] for row in json.loads(done.stdout)}["automation notify"] == said
    made = {automation["name"]: automation for automation in installation.asked("automations/filter", {})}
    assert made["notify"]["actions"][0]["type"] == "send-notification"


def test_commands_that_are_typed_beside_it_find_the_server_that_it_keeps(installation: Installation) -> None:
    found = {each["check"]: each["found"] for each in json.loads(installation.datazones("doctor", "--json").stdout)}
    assert found["scheduler"] == "every zone has its runs"
    seen = {each["zone"] for each in json.loads(installation.datazones("reconcile", "--json").stdout)}
    assert seen == set(ZONES)


def test_who_has_the_wrong_key_is_told_so(installation: Installation) -> None:
    stranger = {"PREFECT_API_URL": installation.state.api_url, "PREFECT_API_AUTH_STRING": "datazones:guessed"}
    for words in (("run", "--zone", "beijing"), ("deploy",), ("doctor",)):
        done = installation.datazones(*words, **stranger)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "with code 401" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_bringing_it_up_twice_changes_nothing(installation: Installation) -> None:
    before = installation.pids()
    again = installation.datazones("up", "--simulated", *PRODUCTION)
    assert again.returncode == 0
    assert "Already up" in again.stdout
    assert installation.state.ui_url in again.stdout
    assert installation.pids() == before


def test_a_zone_is_published_by_a_worker_also_after_server_and_database_were_killed(installation: Installation) -> None:
    before = installation.pids()
    killed = {name: before[name] for name in ("postgres", "redis", "prefect")}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    wait(
        lambda: (
            all(installation.pids()[name] != pid for name, pid in killed.items())
            and all(part.healthy for part in installation.state.parts)
        )
    )
    run = installation.prefect("deployment", "run", "refresh/beijing", "--watch")
    assert "Completed" in run.stdout, run.stdout + run.stderr
    status = json.loads(installation.datazones("status", "--json").stdout)
    # the hub is built as soon as one of its zones has published, perhaps before this command is answered
    assert {row["zone"] for row in status if row["generation"]} - {"national"} == {"beijing"}


def test_a_worker_counts_as_up_when_it_has_told_the_server_so(installation: Installation) -> None:
    of_worker, of_nobody = (
        Reporting(name, installation.state.api_url, installation.known()) for name in ("worker-1", "worker-9")
    )
    os.kill(installation.pids()["worker-1"], signal.SIGKILL)
    wait(of_worker.heard)
    wait(lambda: all(part.healthy for part in installation.state.parts))
    assert not of_nobody.heard()
    assert not Reporting("worker-1", installation.state.api_url, {}).heard(), "it was let in without a key"


def test_workers_share_no_temporary_folder_with_those_of_other_users(installation: Installation) -> None:
    (folder,) = _temporary(installation)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(list((folder / "runner_storage").iterdir())) >= 2


def test_what_is_typed_beside_it_asks_the_same_simulated_providers_as_its_workers(installation: Installation) -> None:
    wanted = ("hubei", "--feed", "nbs_province_year", "--from", "2018", "--to", "2019")
    planned = installation.datazones("plan", *wanted)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "simulated here, at http://127.0.0.1:" in planned.stderr
    assert "nbs_province_year" in planned.stdout
    told = installation.datazones("backfill", *wanted)
    assert "2 slices to bring in, 0 held; 0 calls to the NBS" in told.stdout, "what `plan` asked has landed"
    assert "Its workers have it: 1 of its chunks to begin with" in told.stderr
    followed = installation.datazones("backfill", "status", told.stderr.split("Backfill ")[1][:6], "--follow")
    assert "done: 2 of 2 slices done" in followed.stdout


def test_days_without_a_server_are_made_up_once_and_by_the_latest_slot(installation: Installation) -> None:
    now = datetime.now(UTC)
    cron = load().zone("hunan").schedule
    with _store(installation) as store:
        book, mark = Book(store, "zones/hunan", "hunan"), "zones/hunan/slots/SETTLED"
        found = store.get(mark)
        assert found
        store.swap(mark, Settled(until=now - timedelta(days=4)).canonical(), found[1])  # nobody was there since
        missed = list(slots.due(cron, now - timedelta(days=4), now))
        wait(lambda: book.opened(now) >= missed[-1])
        ends = [book.end_of(slot) for slot in missed]
    outcomes = [(end.outcome, end.by) for end in ends if end]
    assert outcomes == [("covered", missed[-1])] * (len(missed) - 1) + [("published", None)]
    runs = installation.asked("flow_runs/filter", {"flow_runs": {"tags": {"all_": ["catch-up"]}}})
    assert [run["parameters"]["slot"] for run in runs] == [missed[-1].isoformat()]
    late = installation.asked("events/filter", {"filter": {"event": {"name": ["datazones.slot.late"]}}})
    assert {event["payload"]["slot"] for event in late} >= {slot.isoformat() for slot in missed[:-1]}


def test_what_was_published_is_an_event_and_the_run_has_a_name_that_a_person_reads(installation: Installation) -> None:
    assert _event(installation, "snapshot.published", "zone.beijing")["generation"] == 1
    runs = installation.asked("flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}})
    assert any(re.fullmatch(r"beijing · \d{4}-\d\d-\d\d · 2 feeds", run["name"]) for run in runs)


def test_an_operator_sees_the_zones_their_schedules_and_a_finished_run_with_its_artifacts_in_a_browser(
    installation: Installation, tmp_path: Path
) -> None:
    with tab(tmp_path / "browser") as browser:
        ui = installation.state.ui_url
        browser.go(ui)
        browser.type("input[type=password]", installation.auth)
        browser.press("Login")
        browser.read("Dashboard")
        browser.go(f"{ui}/v2/deployments?limit=50")
        shown = browser.read(*ZONES)
        assert re.search(r"beijing\n[\s\S]*?Active\nAt 06:05 PM", shown)
        assert shown.count("Active") >= len(ZONES)
        run = _of_beijing(installation)
        browser.go(f"{ui}/v2/runs/flow-run/{run['id']}")
        browser.read(run["name"], "Completed")
        browser.press("Artifacts")
        browser.read("gate-beijing", "zone-beijing")


def test_a_run_that_published_shows_what_each_feed_brought_and_where_it_lies(installation: Installation) -> None:
    shown = installation.asked("artifacts/filter", {"artifacts": {"key": {"any_": ["zone-beijing"]}}})
    (page,) = shown
    assert page["flow_run_id"] == _of_beijing(installation)["id"]
    assert page["description"] == "Beijing 北京, generation 1: published"
    told = str(page["data"]).replace("\\", "")
    rows = re.findall(r"^\| (\w+) \| \d \| [\d: -]+ \| ([\d,]+) \| 0 \| 0 \| new \|$", told, re.MULTILINE)
    assert {feed for feed, added in rows if int(added.replace(",", ""))} == {"nbs_province_year", "worldbank_ai_race"}
    places = re.findall(r"s3://datazones/(zones/beijing/\S+)", told)
    with _store(installation) as store:
        assert [place for place in places if store.get(place)] == places
    assert len(places) == 4


def test_a_provider_that_is_down_is_an_event_of_the_watch(installation: Installation) -> None:
    installation.tell_providers("_script", [{"match": "worldbank", "fault": "status", "code": 403}])
    run = installation.prefect("deployment", "run", "watch/watch", "--watch")
    installation.tell_providers("_script", [])
    assert "Completed" in run.stdout, run.stdout + run.stderr
    assert "403" in str(_event(installation, "provider.down", "provider.WB")["reason"])


def test_every_zone_and_hub_is_tidied_up(installation: Installation) -> None:
    run = installation.prefect("deployment", "run", "tidy/tidy", "--watch")
    assert "Completed" in run.stdout, run.stdout + run.stderr
    (told,) = installation.asked("artifacts/filter", {"artifacts": {"key": {"any_": ["tidy"]}}})
    assert {row["zone"] for row in json.loads(told["data"])} == {*ZONES, "national"}


def _event(installation: Installation, what: str, whom: str) -> dict[str, object]:
    """What the first event of that name says, of all that may be told meanwhile, about that zone or provider."""
    wanted = {"filter": {"event": {"name": [f"datazones.{what}"]}, "resource": {"id": [f"datazones.{whom}"]}}}
    wait(lambda: installation.asked("events/filter", wanted))
    first: dict[str, object] = installation.asked("events/filter", wanted)[-1]["payload"]
    return first


def test_a_refresh_has_three_tasks_a_feed_and_five_a_zone_however_many_observations_it_brings(
    installation: Installation,
) -> None:
    of_run = {"flow_runs": {"id": {"any_": [_of_beijing(installation)["id"]]}}}
    wait(lambda: len(installation.asked("task_runs/filter", of_run)) >= 3 * 2 + 5)
    assert len(installation.asked("task_runs/filter", of_run)) == 3 * 2 + 5


def test_no_part_but_prefects_server_is_told_where_its_database_is(installation: Installation) -> None:
    password = (installation.home / "keys" / "foundations").read_text()
    knowing = {name for name, pid in installation.pids().items() if password in _said(pid, "environ")}
    assert knowing == {"prefect"}
    assert not [name for name, pid in installation.pids().items() if password in _said(pid, "cmdline")]


def test_a_stranger_gets_no_answer_from_any_route_of_the_api(installation: Installation) -> None:
    every = routes(installation)
    assert len(every) > 150
    assert set(answers(installation, every - UNGUARDED).values()) == {401, 403}
    assert set(answers(installation, UNGUARDED).values()) == {200}


def test_a_stranger_neither_says_nor_hears_of_an_event(installation: Installation) -> None:
    for path in ("events/in", "events/out"):
        for token in ("", "datazones:guessed"):
            assert not is_heard(installation, path, json.dumps({"type": "auth", "token": token}))
        assert is_heard(installation, path, json.dumps({"type": "auth", "token": installation.auth}))


def test_a_page_of_somebody_elses_can_make_a_browser_neither_act_nor_read(installation: Installation) -> None:
    assert forged(installation) == 403
    assert shares_with(installation, "https://elsewhere.example") is None
    assert shares_with(installation, installation.state.ui_url) == installation.state.ui_url


def test_no_secret_is_in_logs_database_bucket_reports_events_or_on_a_command_line(installation: Installation) -> None:
    run = installation.prefect("deployment", "run", "refresh/zhejiang", "--watch")
    assert "Failed" in run.stdout, "the provider knows no such series, after it was told the key"
    own = [installation.auth.partition(":")[2], (installation.home / "keys" / "foundations").read_text()]
    store = json.loads((installation.home / "store" / "server.json").read_text())["secret_key"]
    assert leaks(installation, [*SECRETS.values(), *own, store]) == []
    assert leaks(installation, ["beijing"]), "what is no secret is found"


def test_nothing_is_left_after_it_was_taken_down(installation: Installation) -> None:
    parts, temporary = installation.pids().values(), _temporary(installation)
    assert installation.datazones("down").returncode == 0
    wait(lambda: not [path for path in Path("/proc").glob("[0-9]*") if str(installation.folder) in _told(path)])
    assert not [pid for pid in parts if Path(f"/proc/{pid}").exists()]
    assert not [folder for folder in temporary if folder.exists()]
    assert installation.datazones("down").stdout.strip() == "Nothing is up."


def _of_beijing(installation: Installation) -> dict[str, Any]:
    """The run that published the zone."""
    ended = {"state": {"type": {"any_": ["COMPLETED"]}}, "name": {"like_": "beijing"}}
    (run,) = installation.asked("flow_runs/filter", {"flow_runs": ended})
    return run


def _temporary(installation: Installation) -> set[Path]:
    """Where the workers keep their temporary files."""
    told = (_said(pid, "environ") for name, pid in installation.pids().items() if name.startswith("worker"))
    return {Path(text) for each in told for text in re.findall(r"(?<!\w)TMPDIR=([^\0]+)", each)}


def _told(process: Path) -> str:
    return _said(process.name, "environ") + _said(process.name, "cmdline")


@contextmanager
def _store(installation: Installation) -> Iterator[Store]:
    """The object store that the installation keeps up."""
    with local_s3.running(installation.home / "store", "datazones") as address, Store.at(address) as store:
        yield store


def _said(pid: int | str, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes().decode(errors="replace")
    except OSError:
        return ""
