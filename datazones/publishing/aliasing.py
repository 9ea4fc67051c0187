"""A stable name for what is published now: `attach.sql` below the zone's prefix, SQL that attaches the current file.

Published files never change and are named by their content, so a reader of SQL in a bucket has no name to keep. This
small object is the name: it is replaced after the pointer has moved, and points to a snapshot that was published, the
newest but for a moment. It is not signed: who has to be sure of every byte pulls.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final
from urllib.parse import urlsplit

from datazones.errors import StoreUnavailable, UnknownCode
from datazones.publishing.connecting import StoreAddress
from datazones.publishing.manifest import Manifest
from datazones.publishing.pointing import current, fetch_signed
from datazones.publishing.putting import WAREHOUSE
from datazones.publishing.signing import ANYBODY
from datazones.publishing.store import Outcome, Store

ALIAS: Final = "attach.sql"
TURNS: Final = 5
"""So often another writer may be in between."""


def attach(zone_id: str, place: str) -> str:
    """The SQL that attaches a zone's file from a path or address, and makes it the one in use: macros need that."""
    literal = place.replace("'", "''")
    return f"ATTACH '{literal}' AS {zone_id} (READ_ONLY);\nUSE {zone_id};\n"


def secret(address: StoreAddress) -> str:
    """The SQL by which DuckDB may read the bucket; whose keys, the reader fills in."""
    url = urlsplit(address.url)
    return (
        "INSTALL httpfs; LOAD httpfs;\n"
        f"CREATE OR REPLACE SECRET {address.bucket.replace('-', '_').replace('.', '_')} (\n"
        f"    TYPE s3, SCOPE 's3://{address.bucket}', ENDPOINT '{url.netloc}', URL_STYLE 'path', "
        f"USE_SSL {'true' if url.scheme == 'https' else 'false'},\n"
        f"    REGION '{address.region}', KEY_ID 'YOUR ACCESS KEY', SECRET 'YOUR SECRET KEY'\n"
        ");\n"
    )


def published_key(store: Store, prefix: str, trusted: Set[str] = ANYBODY) -> str:
    """The key of the DuckDB file that is published now; UnknownCode when none is."""
    manifest = _published(store, prefix, trusted)
    if manifest is None:
        raise UnknownCode(
            prefix,
            found="nothing published",
            expected="a zone with a snapshot",
            next_step="`datazones run` publishes one",
        )
    return _key(prefix, manifest)


def refresh_alias(store: Store, prefix: str, trusted: Set[str] = ANYBODY) -> None:
    """Have the alias name what is published now.

    The alias is looked at before the pointer: so of two that write at once, the one that saw the older pointer loses.
    """
    key = f"{prefix}/{ALIAS}"
    for _ in range(TURNS):
        held, etag = store.get(key) or (None, None)
        manifest = _published(store, prefix, trusted)
        if manifest is None:
            return
        wanted = _text(prefix, store.bucket, manifest).encode()
        if held == wanted or store.swap(key, wanted, etag) is Outcome.OURS:
            return
    raise StoreUnavailable(
        key,
        found=f"another writer in between, {TURNS} times",
        expected="room to write what is published now",
        next_step="run again; what is published is published, only its alias is behind",
    )


def _published(store: Store, prefix: str, trusted: Set[str]) -> Manifest | None:
    pointer = current(store, prefix, trusted)
    return fetch_signed(store, prefix, pointer.snapshot, trusted)[0] if pointer else None


def _text(prefix: str, bucket: str, manifest: Manifest) -> str:
    return (
        f"-- {manifest.zone_id}, generation {manifest.generation}, snapshot {manifest.snapshot_id[:12]}, "
        f"published {manifest.created_at:%Y-%m-%d %H:%M} UTC. Written anew with each snapshot.\n"
        f"-- DuckDB needs `LOAD httpfs` and a secret for the bucket: `datazones attach {manifest.zone_id}` says it.\n"
        + attach(manifest.zone_id, f"s3://{bucket}/{_key(prefix, manifest)}")
    )


def _key(prefix: str, manifest: Manifest) -> str:
    (file,) = (file for file in manifest.files if file.name == WAREHOUSE)
    return f"{prefix}/{file.key}"
