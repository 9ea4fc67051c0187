"""The embedded store comes up when it is needed, is shared, survives kills, and is gone when nobody needs it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from datazones.errors import CatalogueInvalid, StoreUnavailable
from datazones.publishing import Store
from infra import local_s3, locks
from infra.local_s3_server import Place
from tests.disks import MEGABYTE, disk

BUCKET = "figures"
USER = """
import sys, time
from pathlib import Path
from datazones.publishing import Store
from infra import local_s3
with local_s3.running(Path(sys.argv[1]), "figures") as address, Store.at(address) as store:
    store.create(sys.argv[2], b"figures")
    print("using", flush=True)
    time.sleep(60 if sys.argv[3:] else 0)
"""


def _user(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Another process that uses the store; with a third word, until it is killed."""
    command = [sys.executable, "-c", USER, str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def _using(user: subprocess.Popen[str]) -> None:
    assert user.stdout
    assert user.stdout.readline() == "using\n"


def _pid(folder: Path) -> int:
    return int(json.loads(Place(folder).record.read_text())["pid"])


def _serves(folder: Path) -> bool:
    return locks.is_held(Place(folder).serving)


def _ends(folder: Path, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while _serves(folder) and time.monotonic() < until:
        time.sleep(0.1)
    return not _serves(folder)


def test_what_was_put_is_there_at_the_next_start_at_the_same_address(tmp_path: Path) -> None:
    with local_s3.running(tmp_path, BUCKET) as first, Store.at(first) as store:
        store.create("a", b"figures")
        assert _serves(tmp_path)
    assert not _serves(tmp_path)
    with local_s3.running(tmp_path, BUCKET) as second, Store.at(second) as store:
        assert (store.get("a") or ())[0] == b"figures"
        assert second == first


def test_a_bucket_without_objects_is_there_at_the_next_start_too(tmp_path: Path) -> None:
    for _ in range(2):
        with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
            assert list(store.listing("")) == []


def test_it_listens_on_loopback_only_and_answers_only_who_knows_its_key(tmp_path: Path) -> None:
    with local_s3.running(tmp_path, BUCKET) as address:
        assert urlsplit(address.url).hostname == "127.0.0.1"
        listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
        assert f"00000000:{urlsplit(address.url).port:04X}" not in listening
        for method, path in (("GET", f"/{BUCKET}"), ("PUT", f"/{BUCKET}/a"), ("POST", "/_ministack/reset")):
            stranger = http.client.HTTPConnection("127.0.0.1", urlsplit(address.url).port or 0, timeout=10)
            stranger.request(method, path, headers={"Authorization": "AWS4-HMAC-SHA256 Credential=test/x"})
            assert stranger.getresponse().status == 403
            stranger.close()


def test_several_processes_share_it_and_only_the_last_to_leave_stops_it(tmp_path: Path) -> None:
    with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
        users = [_user(tmp_path, name) for name in ("a", "b")]
        assert [user.wait(60) for user in users] == [0, 0]
        assert sorted(found.key for found in store.listing("")) == ["a", "b"]
        with local_s3.running(tmp_path, BUCKET) as same:
            assert same == address
        assert _serves(tmp_path)
    assert not _serves(tmp_path)


def test_users_that_come_at_once_to_a_store_that_does_not_run_end_up_with_one(tmp_path: Path) -> None:
    users = [_user(tmp_path, name) for name in ("a", "b", "c")]
    assert [user.wait(60) for user in users] == [0, 0, 0]
    assert not _serves(tmp_path)
    with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
        assert sorted(found.key for found in store.listing("")) == ["a", "b", "c"]


def test_one_whose_user_was_killed_is_found_again_and_used_on(tmp_path: Path) -> None:
    user = _user(tmp_path, "a", "for long")
    _using(user)
    before = _pid(tmp_path)
    os.killpg(user.pid, signal.SIGKILL)
    user.wait()
    with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
        assert _pid(tmp_path) == before
        assert (store.get("a") or ())[0] == b"figures"
    assert not _serves(tmp_path)


def test_one_whose_user_was_killed_ends_by_itself_if_nobody_comes(tmp_path: Path) -> None:
    user = _user(tmp_path, "a", "for long")
    _using(user)
    os.killpg(user.pid, signal.SIGKILL)
    user.wait()
    assert _ends(tmp_path, within_s=30)


def test_nothing_is_left_behind_when_a_user_is_interrupted(tmp_path: Path) -> None:
    user = _user(tmp_path, "a", "for long")
    _using(user)
    os.killpg(user.pid, signal.SIGINT)
    assert user.wait(30) != 0
    assert not _serves(tmp_path)


def test_one_that_is_killed_itself_is_started_again_and_has_lost_nothing(tmp_path: Path) -> None:
    with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
        store.create("a", b"figures")
        os.kill(_pid(tmp_path), signal.SIGKILL)
        assert _ends(tmp_path, within_s=10)
    with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
        assert (store.get("a") or ())[0] == b"figures"


def test_a_write_that_a_kill_cut_in_two_is_mended_at_the_next_start(tmp_path: Path) -> None:
    with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
        store.swap("CURRENT", b"generation 9", None)
    (content,) = (path for path in (tmp_path / "data").rglob("CURRENT"))
    content.write_bytes(b"generation 10")
    later = content.stat().st_mtime_ns + 10**9
    os.utime(content, ns=(later, later))
    with local_s3.running(tmp_path, BUCKET) as address, Store.at(address) as store:
        held, etag = store.get("CURRENT") or (b"", "")
        assert held == b"generation 10"
        assert store.swap("CURRENT", b"generation 11", etag).value == "ours"


def test_one_that_does_not_come_up_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text("{}{}")
    with pytest.raises(StoreUnavailable, match="Extra data"), local_s3.running(tmp_path, BUCKET):
        pass
    assert not _serves(tmp_path)


def test_a_bucket_name_that_s3_does_not_allow_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalid, match="DATAZONES_STORE_"), local_s3.running(tmp_path, "a"):
        pass
    assert not _serves(tmp_path)


def test_what_the_disk_has_no_room_for_is_refused_and_says_how_much_there_is(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "48m") as folder:
        with local_s3.running(folder, BUCKET) as address, Store.at(address) as store:
            store.create("fits", os.urandom(4 * MEGABYTE))
            with pytest.raises(StoreUnavailable, match="bytes are free on the disk of the store") as caught:
                store.create("large", os.urandom(40 * MEGABYTE))
            assert "no object" in caught.value.found
            assert store.get("large") is None
        with local_s3.running(folder, BUCKET) as address, Store.at(address) as store:
            assert [found.key for found in store.listing("")] == ["fits"]


def test_all_that_was_promised_is_there_after_a_disk_had_no_room(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "48m", files=60) as folder:
        with local_s3.running(folder, BUCKET) as address, Store.at(address) as store:
            promised = _filled(store)
            assert _ends(folder, 5.0)
        assert len(promised) > 5
        with local_s3.running(folder, BUCKET) as address, Store.at(address) as store:
            found = [found.key for found in store.listing("")]
            assert found[: len(promised)] == promised
            assert len(found) <= len(promised) + 1, "and the last, of which nobody could say"
            assert {(store.get(key) or ())[0] for key in found} == {b"figures"}


def _filled(store: Store) -> list[str]:
    """What the store said it had, until it could take no more."""
    promised: list[str] = []
    with suppress(StoreUnavailable):
        for number in range(60):
            store.create(f"{number:02}", b"figures")
            promised.append(f"{number:02}")
    return promised
