"""Raw answers are kept once, as received, and come back as they were kept."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from datazones.copies import forget
from datazones.errors import SnapshotTampered, StoreUnavailable
from datazones.landing import Landing
from datazones.model import Landed

AT = datetime(2026, 4, 1, tzinfo=UTC)


class Bucket(dict[str, bytes]):
    """An object store at its plainest: the wire stands behind it in the tests of publishing."""

    def create(self, key: str, content: bytes) -> None:
        self.setdefault(key, content)

    def get(self, key: str) -> tuple[bytes, str] | None:  # type: ignore[override]
        return (self[key], "etag") if key in self else None


def _keep(landing: Landing, body: bytes) -> Landed:
    return landing.keep(body, request_key="GET x", part="data", retrieved_at=AT, headers={})


def test_an_answer_is_in_the_store_and_beside_the_worker_under_its_digest(tmp_path: Path) -> None:
    bucket = Bucket()
    landed = _keep(Landing(bucket, "zones/hunan", tmp_path), b"figures")
    assert bucket == {f"zones/hunan/raw/{sha256(b'figures').hexdigest()}": b"figures"}
    assert Landing(bucket, "zones/hunan", tmp_path).path(landed).read_bytes() == b"figures"


def test_another_worker_fetches_what_it_did_not_land_itself(tmp_path: Path) -> None:
    bucket = Bucket()
    landed = _keep(Landing(bucket, "zones/hunan", tmp_path / "one"), b"figures")
    assert Landing(bucket, "zones/hunan", tmp_path / "two").path(landed).read_bytes() == b"figures"


def test_what_a_machine_has_not_used_for_a_week_it_forgets_and_fetches_again(tmp_path: Path) -> None:
    landing = Landing(Bucket(), "zones/hunan", tmp_path)
    old, used, young = (_keep(landing, body) for body in (b"old", b"used", b"young"))
    (tmp_path / f"{old.digest}.4711").write_bytes(b"what a killed run left")
    for name in (old.digest, used.digest, f"{old.digest}.4711"):
        os.utime(tmp_path / name, (0, 0))
    landing.path(used)
    assert forget(tmp_path) == len(b"old") + len(b"what a killed run left")
    assert {path.name for path in tmp_path.iterdir()} == {used.digest, young.digest}
    assert not landing.is_here(old)
    assert landing.path(old).read_bytes() == b"old"
    assert landing.is_here(old)
    assert forget(tmp_path / "nowhere") == 0


def test_bytes_that_changed_in_the_store_are_not_used(tmp_path: Path) -> None:
    bucket = Bucket()
    landed = _keep(Landing(bucket, "zones/hunan", tmp_path / "one"), b"figures")
    bucket[f"zones/hunan/raw/{landed.digest}"] = b"forgery"
    with pytest.raises(SnapshotTampered):
        Landing(bucket, "zones/hunan", tmp_path / "two").path(landed)


def test_an_answer_that_is_gone_from_the_store_is_named(tmp_path: Path) -> None:
    landed = _keep(Landing(Bucket(), "zones/hunan", tmp_path / "one"), b"figures")
    with pytest.raises(StoreUnavailable, match=landed.digest):
        Landing(Bucket(), "zones/hunan", tmp_path / "two").path(landed)


def test_what_is_said_of_an_answer_survives_being_written_down() -> None:
    landed = Landed("0" * 64, 7, "GET x", "data", AT, {"etag": '"a"'})
    assert Landed.from_plain(landed.plain()) == landed
