"""The examining process: apart from its caller, bounded, silent; a broken validator is never a verdict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from datazones.errors import DiskFull, ValidatorBroken
from expectations.examiner import Examiner
from tests.disks import disk
from tests.unit.expectations_zone import Zone, doctored, examined, examiner

ROWS = [("GDP.CN-BJ", str(year), 100.0 + year, None) for year in range(2000, 2024)]
TODAY = date(2024, 3, 1)
BOUND = 6


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    zone = Zone(tmp_path_factory.mktemp("zone"))
    zone.load(ROWS, "2024-02-01", unit_measure="亿元")
    return zone.candidate("good")


def _with_latest_where(good: Path, condition: str, name: str) -> Path:
    """A good file in which reading the observations takes what the condition takes."""
    path = doctored(
        good,
        "ALTER TABLE latest RENAME TO kept",
        f"CREATE VIEW latest AS SELECT * FROM kept WHERE (SELECT {condition} FROM range(100000000000) AS r(i))",
    )
    return path.rename(path.with_name(name))


@pytest.fixture(scope="module")
def endless(good: Path) -> Path:
    return _with_latest_where(good, "sum(sqrt(i)) > 0", "endless.duckdb")


@pytest.fixture(scope="module")
def own() -> Iterator[Examiner]:
    """For what must not befall the examiner that all tests share: little time, little memory."""
    with Examiner(seconds=BOUND, memory_mb=64, threads=1) as started:
        yield started


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _offspring() -> set[int]:
    """Every process below this one."""
    found, look = set[int](), [os.getpid()]
    while look:
        below = [child for child in _children(look.pop()) if child not in found]
        found.update(below)
        look.extend(below)
    return found


def _broken(started: Examiner, candidate: Path) -> ValidatorBroken:
    with pytest.raises(ValidatorBroken) as raised:
        started.examine(candidate, published=None, today=TODAY, zone_id="beijing")
    return raised.value


def test_a_rule_that_cannot_be_evaluated_is_a_broken_validator_and_not_a_verdict(good: Path) -> None:
    error = _broken(examiner(), doctored(good, "DROP VIEW observation", "ALTER TABLE latest DROP COLUMN obs_status"))
    assert "obs_status" in error.found
    assert examined(good).passed


def test_a_file_that_is_no_warehouse_is_a_broken_validator(tmp_path: Path) -> None:
    page = tmp_path / "page.duckdb"
    page.write_text("<html>sorry</html>" * 1000)
    assert "not a valid DuckDB database file" in _broken(examiner(), page).found
    assert "not exist" in _broken(examiner(), tmp_path / "nowhere.duckdb").found


def test_an_examination_that_does_not_end_is_ended(own: Examiner, good: Path, endless: Path) -> None:
    own.ready()
    began = time.monotonic()
    assert f"no verdict after {BOUND} s" in _broken(own, endless).found
    assert time.monotonic() - began < BOUND + 2
    assert own.examine(good, published=None, today=TODAY, zone_id="beijing").passed


def test_an_examination_that_is_killed_says_so_and_the_next_one_works(own: Examiner, good: Path, endless: Path) -> None:
    own.ready()
    before = _offspring()
    killer = Thread(target=_kill_what_comes_after, args=(before,))
    killer.start()
    error = _broken(own, endless)
    killer.join()
    assert "killed by SIGKILL" in error.found
    assert own.examine(good, published=None, today=TODAY, zone_id="beijing").passed


def _started_anew(own: Examiner) -> int:
    """The process of an examiner that was closed, which ends it, and is used again."""
    own.close()
    before = _offspring()
    own.ready()
    (server,) = _offspring() - before
    return server


def test_closing_ends_the_examining_process(own: Examiner) -> None:
    server = _started_anew(own)
    own.close()
    assert server not in _offspring()


def test_an_examining_process_that_is_killed_says_so_and_is_replaced_and_holds_no_secret_of_its_caller(
    own: Examiner, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAZONES_STORE_SECRET_KEY", "canary-7f3a")
    server = _started_anew(own)
    assert b"canary-7f3a" not in Path(f"/proc/{server}/environ").read_bytes()
    os.kill(server, signal.SIGKILL)
    assert "the examining process" in _broken(own, good).found
    assert own.examine(good, published=None, today=TODAY, zone_id="beijing").passed


def test_an_examination_that_takes_too_much_memory_is_a_broken_validator(own: Examiner, good: Path) -> None:
    greedy = _with_latest_where(good, "len(list(i)) > 0", "greedy.duckdb")
    assert "memory" in _broken(own, greedy).found.lower()
    assert own.examine(good, published=None, today=TODAY, zone_id="beijing").passed


def test_an_examination_without_room_to_spill_is_a_full_disk_and_no_broken_validator(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spilling = _with_latest_where(good, "count(DISTINCT hash(i)) > 0", "spilling.duckdb")
    with disk(tmp_path / "small", "48m") as small:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with Examiner(seconds=120, memory_mb=64, threads=1) as own, pytest.raises(DiskFull, match=str(small)):
            own.examine(spilling, published=None, today=TODAY, zone_id="beijing")


def test_a_candidate_can_be_written_again_as_soon_as_it_was_examined(good: Path) -> None:
    copy = doctored(good)
    assert examined(copy, published=copy).passed
    with duckdb.connect(str(copy)) as connection:
        connection.execute("DELETE FROM latest")
    assert not examined(copy).passed


def test_a_zone_whose_folder_has_quotes_and_spaces_in_its_name_is_examined(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / 'l\'été; DROP TABLE "x"'
    folder.mkdir()
    odd = folder / good.name
    odd.write_bytes(good.read_bytes())
    assert examined(odd, published=odd).passed


PARENT = """
import sys
from datetime import date
from pathlib import Path
from expectations.examiner import Examiner
with Examiner(threads=1) as examiner:
    examiner.warm()
    for path in sys.argv[1:]:
        verdict = examiner.examine(Path(path), published=None, today=date(2024, 3, 1), zone_id="beijing")
        assert verdict.checks > 20
assert not [name for name in sys.modules if name.startswith("great_expectations")]
"""


def test_a_caller_without_a_guard_imports_nothing_and_prints_nothing(good: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(PARENT)
    spoilt = doctored(good, "UPDATE latest SET obs_value = 'inf'")
    done = subprocess.run(
        [sys.executable, str(script), str(good), str(spoilt)],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


HOLDER = """
import sys, time
from datetime import date
from pathlib import Path
from expectations.examiner import Examiner
started = Examiner()
started.ready()
print("ready", flush=True)
for path in sys.argv[1:]:
    started.examine(Path(path), published=None, today=date(2024, 3, 1), zone_id="beijing")
time.sleep(600)
"""


@pytest.mark.parametrize("busy", [False, True])
def test_an_examiner_that_is_killed_leaves_nothing_behind(endless: Path, tmp_path: Path, *, busy: bool) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOLDER, *([str(endless)] if busy else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"ready\n"
        (server,) = _children(holder.pid)
        while busy and not _children(server):
            time.sleep(0.02)
        assert list(tmp_path.iterdir())
        holder.kill()
    until = time.monotonic() + 60
    while (list(tmp_path.iterdir()) or _is_at_work(server)) and time.monotonic() < until:
        time.sleep(0.05)
    assert (list(tmp_path.iterdir()), _is_at_work(server)) == ([], False)


def _is_at_work(pid: int) -> bool:
    """Whether there is such a process, and not only its exit status, which nobody asks for."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _kill_what_comes_after(before: set[int]) -> None:
    while not (fresh := _offspring() - before):
        time.sleep(0.02)
    time.sleep(0.3)
    for pid in fresh:
        os.kill(pid, signal.SIGKILL)
