"""What a command says of a Prefect server that it cannot ask, and that it ends then."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from datazones.cli.reaching import reached
from datazones.errors import CatalogueInvalid, DatazonesError, PrefectUnavailable, UnknownCode
from infra.children import free_port
from infra.prefect_settings import URL
from tests.journey.homes import Home

ASKED = httpx.Request("GET", "http://127.0.0.1:4200/api/health")


def _answered(code: int) -> httpx.HTTPStatusError:
    return httpx.HTTPStatusError(f"code {code}", request=ASKED, response=httpx.Response(code, request=ASKED))


def _because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("raised", "told", "says"),
    [
        (httpx.ConnectError("Connection refused"), PrefectUnavailable, "found Connection refused"),
        (httpx.ReadTimeout(""), PrefectUnavailable, "found ReadTimeout"),
        (RuntimeError("Failed to reach API at http://x/api/"), PrefectUnavailable, "found Failed to reach API"),
        (_answered(503), PrefectUnavailable, "found an answer with code 503"),
        (_answered(401), CatalogueInvalid, "PREFECT_API_AUTH_STRING"),
        (_because(RuntimeError("Failed to reach API at x"), _answered(403)), CatalogueInvalid, "with code 403"),
        (_because(ValueError("crashed"), httpx.ConnectError("gone")), PrefectUnavailable, "found gone"),
    ],
)
def test_whatever_the_client_raises_of_its_server_is_told_in_three_lines(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, told: type[DatazonesError], says: str
) -> None:
    monkeypatch.setenv(URL, "http://prefect.example/api")
    with pytest.raises(told) as found, reached():
        raise raised
    assert says in str(found.value)
    assert "http://prefect.example/api" in str(found.value)
    assert str(found.value).count("\n") == 2


@pytest.mark.parametrize(
    "raised", [KeyError("x"), _answered(404), UnknownCode("x", found="y", expected="z", next_step="w")]
)
def test_what_is_not_of_the_server_stays_what_it_is(raised: Exception) -> None:
    with pytest.raises(type(raised)) as found, reached():
        raise raised
    assert found.value is raised


def test_a_command_that_gave_its_server_up_ends_whatever_waits_for_that_server() -> None:
    script = (
        "import threading, time, httpx\n"
        "from datazones.cli.reaching import leave, reached\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "try:\n"
        "    with reached(): raise httpx.ConnectError('gone')\n"
        "except Exception as error: print(type(error).__name__); leave(4)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (4, "PrefectUnavailable\n")


def test_zones_whose_server_is_away_are_told_in_the_table_and_why_once(tmp_path: Path) -> None:
    done = _away(tmp_path).run("run", "--zone", "beijing", "--zone", "hubei", "--json")
    assert done.returncode == 4, done.stderr
    assert [row["outcome"] for row in json.loads(done.stdout)] == ["PrefectUnavailable"] * 2
    assert done.stderr.count("beijing, hubei: PrefectUnavailable in the Prefect server at http://127.0.0.1:") == 1
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_a_server_that_does_not_answer(tmp_path: Path) -> None:
    done = _away(tmp_path).run("doctor", "--json")
    assert done.returncode == 4
    assert [row["check"] for row in json.loads(done.stdout) if not row["well"]] == ["scheduler"]


def test_a_pass_of_the_reconciler_says_that_the_server_does_not_answer(tmp_path: Path) -> None:
    (row,) = json.loads(_away(tmp_path).run("reconcile", "beijing", "--json").stdout)
    assert row["scheduler"] == "the server does not answer"


def test_a_backfill_that_no_server_takes_says_how_it_goes_on(tmp_path: Path) -> None:
    wanted = ("beijing", "--feed", "nbs_province_year", "--from", "2018", "--to", "2019")
    done = _away(tmp_path).run("backfill", *wanted)
    assert done.returncode == 4
    planned = done.stderr.partition("Backfill ")[2][:12]
    assert f"next:     when it answers, `datazones backfill resume {planned}` goes on" in done.stderr


def _away(folder: Path) -> Home:
    """An installation whose Prefect server is not there."""
    return Home(folder, {URL: f"http://127.0.0.1:{free_port()}/api"})
