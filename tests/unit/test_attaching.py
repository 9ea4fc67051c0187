"""A published file attached where it lies: by DuckDB over S3, through the stable alias, few bytes for a question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from datazones.model import Parent
from datazones.publishing import (
    ALIAS,
    Approval,
    Store,
    StoreAddress,
    attach,
    current,
    refresh_alias,
    rollback,
    secret,
)
from tests.hubs import hub_of, zone_file
from tests.lossy import lossy
from tests.snapshots import AT, SIGNER, candidate, following, offered_as, put
from tests.unit.expectations_zone import doctored

SERIES, PERIODS = 4_000, 120
"""Of the file whose bytes are counted: 480,000 observations."""

MANY = (
    f"INSERT INTO series SELECT series.* REPLACE (1000 + n AS series_id, 'MANY.' || n AS series_key) "
    f"FROM series, range({SERIES}) AS r(n) WHERE series_key LIKE 'GDP.%'",
    f"INSERT INTO latest SELECT l.* REPLACE (1000 + n AS series_id, hash(n, p) / 1e15 AS obs_value, "
    f"(1900 + p)::VARCHAR AS time_period, make_date(1900 + p::INTEGER, 1, 1) AS period_start, "
    f"make_date(1901 + p::INTEGER, 1, 1) AS period_end) "
    f"FROM (FROM latest WHERE time_period = '2020' LIMIT 1) AS l, range({SERIES}) AS r(n), range({PERIODS}) AS q(p) "
    "ORDER BY n, p",
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    beijing = zone_file(folder, "beijing", {"2019": 100.0, "2020": 120.0})
    hunan = zone_file(folder, "hunan", {"2019": 190.0, "2020": 200.0})
    national = hub_of(folder / "national.duckdb", {"beijing": beijing, "hunan": hunan})
    return {"beijing": doctored(beijing, *MANY), "national": national, "hunan": hunan}


def _publish(store: Store, prefix: str, zone_id: str, file: Path, folder: Path, parent: Parent | None = None) -> None:
    """As a run does it, but for the gate."""
    offered = candidate(folder, f"{zone_id}-{file.stem}", parent, zone_id=zone_id)
    put(store, prefix, offered_as(offered, file))
    refresh_alias(store, prefix)


@contextmanager
def _bi(address: StoreAddress) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as a BI person has it, with the extension from the index and the secret that we print, filled in."""
    spec = find_spec("duckdb_extension_httpfs")
    assert spec
    assert spec.submodule_search_locations
    extension = next(Path(spec.submodule_search_locations[0]).rglob("httpfs.duckdb_extension"))
    said = secret(address).replace("INSTALL httpfs; LOAD httpfs;", f"LOAD '{extension}';")
    said = said.replace("YOUR ACCESS KEY", str(address.access_key)).replace("YOUR SECRET KEY", str(address.secret_key))
    with duckdb.connect() as connection:
        connection.execute(said)
        yield connection


def _alias(store: Store, prefix: str) -> str:
    content, _ = store.get(f"{prefix}/{ALIAS}") or (b"", "")
    return content.decode()


def test_what_the_alias_names_is_attached_over_s3_and_few_bytes_answer_a_question(
    address: StoreAddress, store: Store, prefix: str, files: dict[str, Path], tmp_path: Path
) -> None:
    _publish(store, prefix, "beijing", files["beijing"], tmp_path)
    size = files["beijing"].stat().st_size
    with lossy(address) as proxy, _bi(proxy.address) as bi:
        bi.execute(_alias(store, prefix))
        attached, requests = proxy.sent, len(proxy.seen)
        one = bi.execute("SELECT count(*), sum(obs_value) FROM observation WHERE series_key = 'MANY.1234'").fetchone()
        asked, further = proxy.sent - attached, len(proxy.seen) - requests
        as_of = bi.execute("SELECT count(*) FROM observation_as_of(TIMESTAMP '2025-01-01')").fetchone()
    with duckdb.connect(str(files["beijing"]), read_only=True) as here:
        assert (
            one
            == here.execute(
                "SELECT count(*), sum(obs_value) FROM observation WHERE series_key = 'MANY.1234'"
            ).fetchone()
        )
    assert one
    assert (one[0], as_of) == (PERIODS, (SERIES * PERIODS + 6,))
    assert attached + asked < size / 2
    print(f"of {size:,} bytes: ATTACH {attached:,} in {requests} requests, one series {asked:,} in {further} more")


def test_the_hub_and_a_zone_are_attached_beside_one_another(
    address: StoreAddress, store: Store, prefix: str, files: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("hunan", "national"):
        _publish(store, f"{prefix}/{name}", name, files[name], tmp_path)
    with _bi(address) as bi:
        for name in ("hunan", "national"):
            bi.execute(_alias(store, f"{prefix}/{name}"))
        found = bi.execute(
            "SELECT r.zone_id, r.place, h.obs_value FROM national.ranking AS r JOIN hunan.observation AS h "
            "ON h.obs_value = r.obs_value AND h.time_period = r.time_period WHERE r.is_newest AND r.zone_id = 'hunan'"
        ).fetchall()
    assert found == [("hunan", 1, 200.0)]


def test_the_alias_follows_the_pointer_also_back_and_a_reader_keeps_what_it_has_attached(
    embedded: StoreAddress, prefix: str, files: dict[str, Path], tmp_path: Path
) -> None:
    with Store.at(embedded) as store, _bi(embedded) as bi:
        _publish(store, prefix, "hunan", files["hunan"], tmp_path)
        first = _alias(store, prefix)
        bi.execute(first)
        pointer = current(store, prefix)
        assert pointer
        _publish(
            store,
            prefix,
            "hunan",
            doctored(files["hunan"], "UPDATE latest SET obs_value = 7"),
            tmp_path,
            following(pointer),
        )
        second = _alias(store, prefix)
        assert bi.execute("SELECT max(obs_value) FROM hunan.latest").fetchone() == (200.0,)
        with _bi(embedded) as later:
            later.execute(second)
            assert later.execute("SELECT max(obs_value) FROM hunan.latest").fetchone() == (7.0,)
        approval = Approval(because="withdrawn", by="owner")
        rollback(store, prefix, 1, AT, approval=approval, signer=SIGNER)
        refresh_alias(store, prefix)
        third = _alias(store, prefix)
    assert "generation 3" in third
    assert [line for line in third.splitlines() if "ATTACH" in line] == [
        line for line in first.splitlines() if "ATTACH" in line
    ]


def test_an_alias_that_a_dead_run_left_behind_is_mended_and_one_that_is_right_is_left_alone(
    embedded: StoreAddress, prefix: str, files: dict[str, Path], tmp_path: Path
) -> None:
    with Store.at(embedded) as store:
        _publish(store, prefix, "hunan", files["hunan"], tmp_path)
        right, etag = store.get(f"{prefix}/{ALIAS}") or (b"", "")
        store.swap(f"{prefix}/{ALIAS}", b"-- of a snapshot before", etag)
        refresh_alias(store, prefix)
        mended = store.get(f"{prefix}/{ALIAS}")
        refresh_alias(store, prefix)
        assert mended
        assert mended[0] == right
        assert store.get(f"{prefix}/{ALIAS}") == mended


def test_of_writers_at_once_none_leaves_an_alias_of_an_older_snapshot(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    with Store.at(embedded) as store:
        put(store, prefix, candidate(tmp_path, "0"))
        stop: list[bool] = []

        def keep_refreshing() -> None:
            while not stop:
                refresh_alias(store, prefix)

        others = [Thread(target=keep_refreshing) for _ in range(3)]
        for other in others:
            other.start()
        for number in range(1, 20):
            pointer = current(store, prefix)
            assert pointer
            put(store, prefix, candidate(tmp_path, str(number), following(pointer)))
        stop.append(True)
        for other in others:
            other.join()
        refresh_alias(store, prefix)
        assert "generation 20" in _alias(store, prefix)


def test_a_path_with_a_quote_in_it_is_still_one_text() -> None:
    assert attach("beijing", "/home/o'neil/b.duckdb").startswith("ATTACH '/home/o''neil/b.duckdb' AS beijing")


def test_a_secret_says_where_the_bucket_is_and_no_key_of_ours() -> None:
    address = StoreAddress("https://s3.example.org", "my-bucket", "AKIDOFOURS", "hush")
    said = secret(replace(address, region="cn-north-1"))
    assert "ENDPOINT 's3.example.org'" in said
    assert "USE_SSL true" in said
    assert "REGION 'cn-north-1'" in said
    assert "AKIDOFOURS" not in said
    assert "hush" not in said
