"""Ten zones and a hub with a key each, on a server that enforces policies: nobody reaches into another zone, by any
operation, but for the hub, which reads what the zones have published and writes nothing there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from datazones.catalogue import load
from datazones.publishing import (
    SCRATCH,
    Store,
    StoreAddress,
    policy,
    probe,
    pull,
    reading_policy,
    refresh_alias,
    verify,
)
from datazones.publishing.connecting import connected
from infra.ceph import Cluster
from tasks.equip import Equipment
from tasks.pin import pinned
from tests.hubs import installation, united_of, zone_file
from tests.journey.homes import Home, keys_of
from tests.snapshots import AT, candidate, offered_as, put

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ZONES = sorted(load().zones)
HUB = "national"
ANALYST = "analyst"
"""Who may read what beijing has published, and nothing else."""

HELD = "raw/held"
PUBLISHED = ("CURRENT", "ASKED", "objects/1.duckdb", "manifests/1.json", "manifests/1.json.sig", "held/1.json")
HANDS = 8

Try = Callable[["S3Client", str, str, str], object]
OPERATIONS: dict[str, Try] = {
    "put": lambda s3, bucket, _, other: s3.put_object(Bucket=bucket, Key=f"{other}/put", Body=b""),
    "get": lambda s3, bucket, _, other: s3.get_object(Bucket=bucket, Key=f"{other}/{HELD}"),
    "head": lambda s3, bucket, _, other: s3.head_object(Bucket=bucket, Key=f"{other}/{HELD}"),
    "delete": lambda s3, bucket, _, other: s3.delete_object(Bucket=bucket, Key=f"{other}/{HELD}"),
    "list": lambda s3, bucket, _, other: s3.list_objects_v2(Bucket=bucket, Prefix=f"{other}/"),
    "begin parts": lambda s3, bucket, _, other: s3.create_multipart_upload(Bucket=bucket, Key=f"{other}/parts"),
    "copy in": lambda s3, bucket, own, other: s3.copy_object(
        Bucket=bucket, Key=f"{own}/copied", CopySource={"Bucket": bucket, "Key": f"{other}/{HELD}"}
    ),
    "copy out": lambda s3, bucket, own, other: s3.copy_object(
        Bucket=bucket, Key=f"{other}/copied", CopySource={"Bucket": bucket, "Key": f"{own}/{HELD}"}
    ),
}  # fmt: skip
"""What is tried with one zone's key on another zone's prefix."""

WRITES: dict[str, Try] = {
    "put": lambda s3, bucket, _, key: s3.put_object(Bucket=bucket, Key=key, Body=b""),
    "delete": lambda s3, bucket, _, key: s3.delete_object(Bucket=bucket, Key=key),
}
"""What is tried with the hub's key on what it may read."""


@pytest.fixture(scope="module")
def zones(cluster: tuple[Cluster, StoreAddress]) -> Iterator[dict[str, StoreAddress]]:
    """Each zone's own key to one bucket, whose policy is what `datazones doctor --policies` says of each."""
    ceph, owner = cluster
    bucket = f"zones-{uuid4().hex}"
    keys = [*ZONES, HUB]
    everybody = [*keys, ANALYST]
    addresses = {key: replace(owner, bucket=bucket, access_key=key, secret_key=uuid4().hex) for key in everybody}
    members = {HUB: [f"zones/{zone}" for zone in ZONES]}
    documents = [
        policy(bucket, f"zones/{key}", principal=f"arn:aws:iam:::user/{key}", members=members.get(key, ()))
        for key in keys
    ]
    documents.append(reading_policy(bucket, "zones/beijing", principal=f"arn:aws:iam:::user/{ANALYST}"))
    for zone, address in addresses.items():
        ceph.admit(zone, address)
    client = connected(owner)
    client.create_bucket(Bucket=bucket)
    statements = [statement for document in documents for statement in document["Statement"]]  # type: ignore[attr-defined]
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    for key in (f"zones/{zone}/{name}" for zone in keys for name in (HELD, *PUBLISHED)):
        client.put_object(Bucket=bucket, Key=key, Body=b"figures")
    yield addresses
    client.close()


def _is_let(operation: Try, client: S3Client, bucket: str, own: str, other: str) -> bool:
    try:
        operation(client, bucket, f"zones/{own}", f"zones/{other}")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return False
        raise
    return True


def test_no_key_of_one_zone_does_anything_in_another(zones: dict[str, StoreAddress]) -> None:
    with ExitStack() as open_until_the_end:
        clients = {zone: connected(address) for zone, address in zones.items()}
        for client in clients.values():
            open_until_the_end.callback(client.close)
        attempts = [at for at in product(OPERATIONS, ZONES, ZONES) if at[1] != at[2]]
        with ThreadPoolExecutor(HANDS) as hands:
            outcomes = hands.map(
                lambda at: _is_let(OPERATIONS[at[0]], clients[at[1]], zones[at[1]].bucket, *at[1:]), attempts
            )
            let = [at for at, is_let in zip(attempts, outcomes, strict=True) if is_let]
        at_home = {
            name: sum(_is_let(operation, clients[zone], zones[zone].bucket, zone, zone) for zone in ZONES)
            for name, operation in OPERATIONS.items()
        }
    assert let == []
    print(f"{len(attempts)} attempts across zones, {len(let)} let through")
    assert at_home == {name: 0 if name == "delete" else len(ZONES) for name in OPERATIONS}


def test_the_key_of_the_hub_reads_what_zones_have_published_and_does_nothing_else_there(
    zones: dict[str, StoreAddress],
) -> None:
    hub, bucket = connected(zones[HUB]), zones[HUB].bucket
    published = [f"{zone}/{name}" for zone in ZONES for name in PUBLISHED]
    let = [(name, zone) for name in OPERATIONS for zone in ZONES if _is_let(OPERATIONS[name], hub, bucket, HUB, zone)]
    for key in published:
        let += [(name, key) for name, write in WRITES.items() if _is_let(write, hub, bucket, HUB, key)]
    read = [hub.get_object(Bucket=bucket, Key=f"zones/{key}")["Body"].read() for key in published]
    hub.close()
    assert let == []
    assert read == [b"figures"] * len(published)
    attempts = len(OPERATIONS) * len(ZONES) + len(WRITES) * len(published)
    print(f"{attempts} attempts by the hub's key in zones, {len(let)} let through; {len(read)} published objects read")


def test_no_key_of_a_zone_does_anything_in_the_hub(zones: dict[str, StoreAddress]) -> None:
    let = []
    for zone in ZONES:
        client = connected(zones[zone])
        let += [(name, zone) for name in OPERATIONS if _is_let(OPERATIONS[name], client, zones[zone].bucket, zone, HUB)]
        client.close()
    assert let == []
    print(f"{len(OPERATIONS) * len(ZONES)} attempts of zones in the hub, {len(let)} let through")


@pytest.fixture
def emptied(zones: dict[str, StoreAddress], cluster: tuple[Cluster, StoreAddress]) -> dict[str, StoreAddress]:
    """The same with nothing published."""
    client = connected(cluster[1])
    for key in (f"zones/{zone}/{name}" for zone in zones for name in PUBLISHED):
        client.delete_object(Bucket=zones[HUB].bucket, Key=key)
    client.close()
    return zones


def test_with_its_own_key_the_hub_is_built_from_what_zones_published_with_theirs(
    emptied: dict[str, StoreAddress], tmp_path: Path
) -> None:
    for zone, product_of_2020 in {"beijing": 120.0, "hunan": 200.0}.items():
        file = zone_file(tmp_path, zone, {"2020": product_of_2020})
        with Store.at(emptied[zone]) as store:
            put(store, f"zones/{zone}", offered_as(candidate(tmp_path, zone, zone_id=zone), file))
    with ExitStack() as stack:
        equipment = Equipment(installation(emptied[HUB], tmp_path).model_copy(update={"now": AT}), load(), stack)
        (members := tmp_path / "members").mkdir()
        found = pinned(equipment, load().hub(HUB), members)
        assert {each.zone_id: each.state for each in found if each.state != "missing"} == dict.fromkeys(
            ("beijing", "hunan"), "current"
        )
        hub = tmp_path / "hub.duckdb"
        united_of(hub, list(found))
        put(equipment.store, f"zones/{HUB}", offered_as(candidate(tmp_path, HUB, zone_id=HUB), hub))
        assert verify(equipment.store, f"zones/{HUB}").files


def test_with_a_key_that_only_reads_one_pulls_verifies_and_asks_and_writes_nothing(
    emptied: dict[str, StoreAddress], tmp_path: Path
) -> None:
    file, prefix, analyst = zone_file(tmp_path, "beijing", {"2020": 120.0}), "zones/beijing", emptied[ANALYST]
    with Store.at(emptied["beijing"]) as store:
        published = put(store, prefix, offered_as(candidate(tmp_path, "one", zone_id="beijing"), file))
        refresh_alias(store, prefix)
    home = Home(tmp_path, keys_of(analyst))
    for words in (
        *(("pull", "beijing"), ("verify", "beijing"), ("history", "beijing"), ("attach", "beijing")),
        *(("attach", "beijing", "--over", "s3"), ("quarantine", "list", "beijing")),
        ("query", "beijing", "FROM observation"),
    ):
        done = home.run(*words)
        assert done.returncode == 0, (words, done.stderr)
    said = {row["zone"]: row["snapshot"] for row in json.loads(home.run("status", "--json").stdout)}
    assert said == dict.fromkeys([*ZONES, HUB], "not for this key") | {"beijing": published.snapshot_id[:12]}
    refused = home.run("run", "--zone", "beijing")
    assert refused.returncode == 2
    assert "NotPermitted in the rights of this key" in refused.stderr
    client = connected(analyst)
    let = [
        (name, zone)
        for name, zone in product(OPERATIONS, ("beijing", "hunan"))
        if _is_let(OPERATIONS[name], client, analyst.bucket, "beijing", zone)
    ]
    client.close()
    assert let == []


def test_with_its_own_key_a_zone_is_probed_published_pulled_and_verified(
    emptied: dict[str, StoreAddress], tmp_path: Path, into: Path
) -> None:
    with Store.at(emptied["hunan"]) as store:
        assert all(found.holds for found in probe(store, SCRATCH) if found.required)
        first = put(store, "zones/hunan", candidate(tmp_path, "first"))
        put(store, "zones/hunan", candidate(tmp_path, "second", first.parent()))
        assert verify(store, "zones/hunan").manifests == 2
        assert (pull(store, "zones/hunan", into) or first).generation == 2
