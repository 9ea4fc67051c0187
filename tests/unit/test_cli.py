"""The front door: quick to open, clear when something is wrong, the same for a person and a script."""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest

from datazones.cli.main import group
from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from tests.disks import disk, read_only
from tests.fuzz.seeds import SEEDS

ROOT = Path(__file__).parents[2]
DATAZONES = Path(sys.executable).parent / "datazones"
COMMANDS = group.list_commands(None)  # type: ignore[arg-type]


def run(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DATAZONES), *words], capture_output=True, text=True, check=False, cwd=cwd, timeout=120,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
    )  # fmt: skip


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    path = tmp_path / "FRA.json"
    path.write_bytes(SEEDS["worldbank_json"][0])
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_stands_in_the_readme(name: str) -> None:
    shown = run(name, "--help")
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) > 5
    assert f"\ndatazones {name} " in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("words", [(), ("backfill",), ("quarantine",)], ids=["datazones", "backfill", "quarantine"])
def test_what_lists_commands_says_the_whole_sentence_of_each(words: tuple[str, ...]) -> None:
    listed = run(*words, "--help").stdout.partition("Commands:")[2].partition("Exit codes:")[0]
    told = re.sub(r"\n {5,}", " ", listed).strip().splitlines()
    assert len(told) > 3
    assert all(line.endswith(".") and not line.endswith("..") for line in told)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be a user whom the machine does not know")
def test_a_user_without_a_home_can_use_what_wants_one() -> None:
    """As whom a container may run; all that it may do besides is read where Python lies."""
    stranger = ["setpriv", "--reuid", "12345", "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
    imported = "import prefect.settings"
    ours = f"from datazones.cli.main import have_a_home; have_a_home(); {imported}; print(prefect.settings.__name__)"
    without, with_it = (
        subprocess.run(
            [*stranger, sys.executable, "-c", code],
            capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"},
        )
        for code in (imported, ours)
    )  # fmt: skip
    assert "Could not determine home directory" in without.stderr
    assert with_it.stdout == "prefect.settings\n"


def test_the_front_door_loads_nothing_heavy() -> None:
    script = (
        "import sys; from datazones.cli.main import group\n"
        "try: group(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'prefect', 'great_expectations', 'polars', 'duckdb', 'boto3', 'pandas', 'pydantic', 'httpx'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_reading_loads_neither_prefect_nor_great_expectations(answer: Path) -> None:
    script = (
        "import sys; from datazones.cli.main import group\n"
        f"try: group(['read', {str(answer)!r}])\n"
        "except SystemExit: pass\n"
        "heavy = {'prefect', 'great_expectations', 'duckdb', 'boto3', 'pandas', 'httpx'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_backfilling_loads_no_prefect_before_it_knows_which_server_is_kept_up() -> None:
    script = "import sys, datazones.cli.backfilling as _; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_recorded_response_is_read_into_the_columns_of_the_contract(answer: Path, suffix: str) -> None:
    into = answer.with_suffix(f".{suffix}")
    done = run("read", str(answer), "--to", str(into))
    assert done.returncode == 0, done.stderr
    assert "worldbank_json, 2 observations" in done.stderr
    frame = pl.read_parquet(into) if suffix == "parquet" else pl.read_csv(into)
    assert frame.columns == [*OBSERVATION_SCHEMA, *(name for name in SERIES_SCHEMA if name != "series_key")]
    assert frame["obs_value"].to_list() == [17963170521079.8, None]
    assert frame["obs_status"].to_list() == [None, "F"]


def test_a_response_that_nobody_knows_is_answered_in_three_lines(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html><body>Please log in</body></html>")
    done = run("read", "page.html", cwd=tmp_path)
    assert done.returncode == 5
    found, expected, then = done.stderr.splitlines()
    assert "page" in found or "html" in found
    assert expected.strip().startswith("expected:")
    assert then.strip().startswith("next:")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("read", "FRA.json", "--to", "out.xlsx"), ".parquet or .csv"),
        (("read", "nowhere.json"), "nowhere.json"),
        (("read", "FRA.json", "--label", "freq"), "NAME=VALUE"),
        (("read", "FRA.json", "--dialect", "sdmx"), "sdmx_csv"),
        (("nonsense",), "nonsense"),
        (("demo", "--now", "yesterday"), "yesterday"),
    ],
)
def test_wrong_usage_says_what_was_found_and_expected(answer: Path, words: tuple[str, ...], says: str) -> None:
    done = run(*words, cwd=answer.parent)
    assert done.returncode in (2, 5)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_zone_that_is_not_there_and_a_setting_that_is_wrong_end_as_usage(tmp_path: Path) -> None:
    assert run("query", "peking", "SELECT 1", "--offline", cwd=tmp_path).returncode == 2
    done = run("zones", cwd=tmp_path, DATAZONES_STORE_URL="nonsense")
    assert done.returncode == 2
    assert "DATAZONES_STORE_URL" in done.stderr


def test_a_home_that_one_may_not_write_to_is_told_and_the_doctor_goes_on(tmp_path: Path) -> None:
    with disk(tmp_path / "home", "4m") as home, read_only(home):
        done = run("status", cwd=tmp_path, DATAZONES_HOME=str(home))
        assert done.returncode == 2
        assert done.stderr.startswith(f"NotPermitted in {home}")
        checks = json.loads(run("doctor", "--json", cwd=tmp_path, DATAZONES_HOME=str(home)).stdout)
    found = {check["check"]: check["well"] for check in checks}
    assert (found["catalogue"], found["object store"]) == (True, False)


def test_a_user_without_a_name_signs_with_a_number(tmp_path: Path) -> None:
    """As in a container, where whoever runs it is known by nothing else."""
    script = (
        "import getpass, os; from datazones.cli import signing_off\n"
        "def nobody(): raise KeyError('getpwuid(): uid not found')\n"
        "getpass.getuser = nobody; print(signing_off._whoever() == str(os.getuid()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "True\n"


@pytest.mark.parametrize(("host", "why"), [("127.0.0.1", "already in use"), ("192.0.2.1", "Cannot assign")])
def test_nothing_is_brought_up_where_its_server_cannot_listen(tmp_path: Path, host: str, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        done = run("up", "--host", host, "--port", port, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"CatalogueInvalid in port {port} of {host}: found no way to listen there: ")
    assert why in done.stderr
    assert not (tmp_path / ".datazones" / "up" / "supervisor.log").exists()


def test_lists_are_json_for_a_script(tmp_path: Path) -> None:
    zones = json.loads(run("zones", "--json", cwd=tmp_path).stdout)
    assert {zone["zone"] for zone in zones} >= {"beijing", "zhejiang", "anhui"}
    feeds = json.loads(run("feeds", "--json", cwd=tmp_path).stdout)
    assert {feed["dialect"] for feed in feeds} >= {"nbs_json", "worldbank_json"}


def on_a_terminal(*words: str, columns: int, cwd: Path) -> str:
    """What a person sees, without colours; with a home of their own, in which nobody has used Prefect before."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [str(DATAZONES), *words], stdout=theirs, stderr=theirs, cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm", "HOME": str(cwd)},
    ):  # fmt: skip
        os.close(theirs)
        said = b""
        with suppress(OSError):  # how the end of a terminal shows
            while chunk := os.read(ours, 65_536):
                said += chunk
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m|\r", "", said.decode())


def test_prefect_neither_advertises_nor_tells_of_us_on_a_terminal(tmp_path: Path) -> None:
    assert "object store" in (said := on_a_terminal("doctor", columns=100, cwd=tmp_path))
    assert "usage data" not in said
    assert not list(tmp_path.rglob(".sdk_telemetry"))


def test_a_table_fits_a_terminal_or_is_printed_one_row_below_the_other(tmp_path: Path) -> None:
    """Whole: names that one may copy stand on one line, and so do headers."""
    at_hundred = on_a_terminal("feeds", columns=100, cwd=tmp_path).splitlines()
    assert all(len(line) <= 100 for line in at_hundred)
    assert any(line.startswith("bis_effective_exchange_rates ") for line in at_hundred)
    at_fifty = on_a_terminal("feeds", columns=50, cwd=tmp_path).splitlines()
    assert "feed      bis_effective_exchange_rates" in at_fifty
    assert "title     Effective exchange rates of all economies, the whole table" in at_fifty


def test_what_is_no_terminal_gets_each_row_on_one_line(tmp_path: Path) -> None:
    feeds = json.loads(run("feeds", "--json", cwd=tmp_path).stdout)
    lines = run("feeds", cwd=tmp_path).stdout.splitlines()
    assert len(lines) == len(feeds) + 1
    assert all(feed["title"] in line for feed, line in zip(feeds, lines[1:], strict=True))


def test_letters_that_a_terminal_does_not_have_are_escaped(tmp_path: Path) -> None:
    done = run("zones", cwd=tmp_path, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert r"Beijing \u5317\u4eac" in done.stdout
