"""Real object stores for the tests of publishing, started once: the embedded one, and Ceph where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from datazones.publishing import Store, StoreAddress
from datazones.warehouse.connecting import Limits
from infra.ceph import Cluster
from tests.parts import needs

BUCKET = "figures"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, StoreAddress]]:
    """A Ceph of one node, and its bucket."""
    from infra import ceph

    for program in ("radosgw", "ceph-mon", "ceph-osd"):
        needs(program, program)
    with ceph.clustered(tmp_path_factory.mktemp("ceph"), BUCKET) as found:
        yield found


@pytest.fixture(scope="session", params=["embedded", "ceph"])
def address(request: pytest.FixtureRequest) -> StoreAddress:
    """A bucket of each kind of store in turn."""
    found: StoreAddress = (
        request.getfixturevalue("cluster")[1] if request.param == "ceph" else request.getfixturevalue("embedded")
    )
    return found


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """A bucket of the embedded store, for what does not depend on the kind of store."""
    from infra import local_s3

    with local_s3.running(tmp_path_factory.mktemp("embedded"), BUCKET) as found:
        yield found


@pytest.fixture(scope="session")
def store(address: StoreAddress) -> Iterator[Store]:
    """The bucket, through one client for all tests: making one takes longer than most of them."""
    with Store.at(address) as found:
        yield found


@pytest.fixture
def limits(tmp_path: Path) -> Limits:
    """What DuckDB may take here."""
    return Limits(512, 2, tmp_path / "spill")


@pytest.fixture
def prefix() -> str:
    """A zone's prefix that nobody has used."""
    return f"zones/{uuid4().hex}"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Where a snapshot is pulled to."""
    return tmp_path / "published" / "hunan.duckdb"
