"""What a machine lacks is told as such, wherever it showed."""

from __future__ import annotations

import errno
from pathlib import Path

import duckdb
import polars as pl
import pytest

from datazones.cli.commands.doctor import _disk
from datazones.copies import write_whole
from datazones.errors import DiskFull, MemoryShort, NotPermitted, StructureChanged
from datazones.lacking import told
from datazones.settings import settings
from datazones.staging import Job, Reader
from datazones.warehouse.connecting import Limits, opened
from tests.disks import disk, read_only
from tests.unit.test_staging import GOOD


def test_a_file_that_a_disk_has_no_room_for_is_not_left_there_in_part(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "64k") as folder:
        with pytest.raises(DiskFull, match="bytes are free"), told(folder):
            write_whole(folder / "answer", bytes(100_000))
        assert list(folder.iterdir()) == []
        write_whole(folder / "answer", bytes(50_000))


def test_what_polars_has_no_room_for_is_told_by_the_reading_child(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(GOOD)
    with disk(tmp_path / "small", "4k") as folder, Reader(2048, 60) as reader:
        job = Job(subject="hunan, test", dialect="worldbank_json", bodies=(str(body),), into=str(folder))
        with pytest.raises(DiskFull, match=r"No space left.* bytes are free at .*small"):
            reader.read(job)


def test_what_duckdb_has_no_room_for_is_told_and_the_file_is_not_called_damaged(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "4m") as folder:
        path = folder / "zone.duckdb"
        limits = Limits(256, 1, tmp_path / "spill")
        with opened(path, limits) as connection:
            connection.execute("CREATE TABLE figures AS SELECT 1 AS one")
        with pytest.raises(DiskFull, match=r"No space left"), told(folder), opened(path, limits) as connection:
            connection.execute("CREATE TABLE many AS SELECT hash(range) AS h FROM range(1_000_000)")
        with opened(path, limits) as connection:
            assert connection.execute("FROM figures").fetchall() == [(1,)]


def test_a_disk_without_room_to_spill_is_full(tmp_path: Path) -> None:
    with (
        disk(tmp_path / "spill", "8m") as spill,
        pytest.raises(DiskFull, match=r"offload.* bytes are free at .*/spill"),
        opened(None, Limits(64, 1, spill)) as connection,
    ):
        connection.execute("CREATE TABLE many AS SELECT hash(range)::VARCHAR AS h FROM range(10_000_000)")


def test_a_step_that_needs_more_memory_than_it_may_take_says_which_setting_bounds_it(tmp_path: Path) -> None:
    with (
        pytest.raises(MemoryShort, match="DATAZONES_MEMORY_LIMIT_MB"),
        told(tmp_path),
        opened(None, Limits(32, 1, tmp_path / "spill")) as connection,
    ):
        connection.execute("SELECT list(hash(range)) FROM range(10_000_000)")


def test_a_file_that_one_may_not_use_is_told_and_not_called_damaged(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "4m") as folder:
        path, limits = folder / "zone.duckdb", Limits(64, 1, tmp_path / "spill")
        duckdb.connect(str(path)).close()
        with (
            read_only(folder),
            pytest.raises(NotPermitted, match="Read-only file system") as caught,
            opened(path, limits),
        ):
            pass
        assert caught.value.subject == str(path)
        with read_only(folder), pytest.raises(NotPermitted, match="Read-only file system"), told(folder):
            write_whole(folder / "answer", b"figures")


def test_no_right_to_connect_is_no_right_to_a_file(tmp_path: Path) -> None:
    refused = ConnectionError("[Errno 13] Permission denied")
    with pytest.raises(ConnectionError), told(tmp_path):
        raise refused from OSError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "denied"), duckdb.Error("odd"), pl.exceptions.ComputeError("x")]
)
def test_what_has_another_reason_stays_as_it_is(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, told(tmp_path):
        raise error
    assert caught.value is error


def test_an_error_of_ours_stays_as_it_is_though_a_full_disk_came_before_it(tmp_path: Path) -> None:
    ours = StructureChanged("trade", found="2 units", expected="one", next_step="look")
    with pytest.raises(StructureChanged), told(tmp_path):
        raise ours from OSError(errno.ENOSPC, "No space left on device")


def test_the_doctor_says_beforehand_that_a_run_will_not_have_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disk(tmp_path / "small", "300m") as folder:
        monkeypatch.setenv("DATAZONES_HOME", str(folder / "home"))
        settings.cache_clear()
        assert "MB free at" in _disk()
        (folder / "home" / "working").mkdir(parents=True)
        (folder / "home" / "working" / "hunan.duckdb").write_bytes(bytes(30_000_000))
        with pytest.raises(DiskFull, match="where a run may need 346"):
            _disk()
    settings.cache_clear()
