"""The object stores that can be run on this machine, by the names that benches and soaks know them by."""

from __future__ import annotations

from infra import ceph, local_s3

STORES = {"embedded": local_s3.running, "ceph": ceph.running}
