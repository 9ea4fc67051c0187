"""Ten zones with a key each, on a server that enforces policies: nobody reaches into another zone, by any operation."""

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
from datazones.publishing import SCRATCH, Store, StoreAddress, policy, probe, pull, verify
from datazones.publishing.connecting import connected
from infra.ceph import Cluster
from tests.snapshots import candidate, put

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ZONES = sorted(load().zones)
HELD = "raw/held"
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


@pytest.fixture(scope="module")
def zones(cluster: tuple[Cluster, StoreAddress]) -> Iterator[dict[str, StoreAddress]]:
    """Each zone's own key to one bucket, whose policy is what `datazones doctor --policies` says of each."""
    ceph, owner = cluster
    bucket = f"zones-{uuid4().hex}"
    addresses = {zone: replace(owner, bucket=bucket, access_key=zone, secret_key=uuid4().hex) for zone in ZONES}
    documents = [policy(bucket, f"zones/{zone}", principal=f"arn:aws:iam:::user/{zone}") for zone in ZONES]
    for zone, address in addresses.items():
        ceph.admit(zone, address)
    client = connected(owner)
    client.create_bucket(Bucket=bucket)
    statements = [statement for document in documents for statement in document["Statement"]]  # type: ignore[attr-defined]
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    for zone in ZONES:
        client.put_object(Bucket=bucket, Key=f"zones/{zone}/{HELD}", Body=b"figures")
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


def test_with_its_own_key_a_zone_is_probed_published_pulled_and_verified(
    zones: dict[str, StoreAddress], tmp_path: Path, into: Path
) -> None:
    with Store.at(zones["hunan"]) as store:
        assert all(found.holds for found in probe(store, SCRATCH) if found.required)
        first = put(store, "zones/hunan", candidate(tmp_path, "first"))
        put(store, "zones/hunan", candidate(tmp_path, "second", first.parent()))
        assert verify(store, "zones/hunan").manifests == 2
        assert (pull(store, "zones/hunan", into) or first).generation == 2
