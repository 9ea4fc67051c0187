"""Where an object store is, and the one client that talks to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from datazones.loopback import HERE
from datazones.publishing.answers import asking

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """One bucket behind an S3 endpoint, and the key pair for it; without one, whatever the machine is configured with.

    `patience_s` bounds the wait for any single answer.
    """

    url: str
    bucket: str
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    region: str = "us-east-1"
    patience_s: float = 60.0


def connected(address: StoreAddress) -> S3Client:
    """A client: safe to share among threads, not across a fork.

    Checksum headers only where S3 demands them, and path-style addresses, because other servers refuse the newer
    habits. A proxy of the environment is not asked for a store on this machine.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=min(5.0, address.patience_s),
        read_timeout=address.patience_s,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"},
        proxies={} if urlsplit(address.url).hostname in HERE else None,
    )
    with asking(address.url):
        return boto3.session.Session().client(
            "s3",
            endpoint_url=address.url,
            aws_access_key_id=address.access_key,
            aws_secret_access_key=address.secret_key,
            region_name=address.region,
            config=config,
        )


def make_bucket(address: StoreAddress) -> None:
    """Make the bucket of a store of our own, unless it is there. A store of somebody else's has its bucket already."""
    client = connected(address)
    with asking(address.bucket):
        if address.bucket not in (bucket.get("Name") for bucket in client.list_buckets()["Buckets"]):
            client.create_bucket(Bucket=address.bucket)
    client.close()
