"""The only object-store client: immutable objects, manifests, and one pointer a zone that moves by compare-and-swap.

`manifest` says what lies under a zone's prefix; `store` how a write whose answer was lost is settled.
"""

from __future__ import annotations

from datazones.publishing.aliasing import ALIAS, attach, published_key, refresh_alias, secret
from datazones.publishing.allowing import policy, reading_policy
from datazones.publishing.asking import last_asked, note_asked
from datazones.publishing.book import Book, End, Seen
from datazones.publishing.connecting import StoreAddress, make_bucket
from datazones.publishing.history import neighbours, rollback, state, states
from datazones.publishing.holding import Held, approve, held, hold, waiting
from datazones.publishing.manifest import Approval, File, Manifest, Pointer
from datazones.publishing.pointing import current, fetch_manifest, fetch_signed, was_published
from datazones.publishing.probing import SCRATCH, Probe, probe, refuse_unsafe
from datazones.publishing.publishing import Snapshot, publish
from datazones.publishing.pulling import Pulled, base_at_hand, fetch_warehouse, last_pulled, pull
from datazones.publishing.putting import WAREHOUSE, base_of, seal
from datazones.publishing.signing import ANYBODY, Signer
from datazones.publishing.store import Outcome, Store
from datazones.publishing.sweeping import sweep
from datazones.publishing.verifying import verify

__all__ = [
    "ALIAS",
    "ANYBODY",
    "SCRATCH",
    "WAREHOUSE",
    "Approval",
    "Book",
    "End",
    "File",
    "Held",
    "Manifest",
    "Outcome",
    "Pointer",
    "Probe",
    "Pulled",
    "Seen",
    "Signer",
    "Snapshot",
    "Store",
    "StoreAddress",
    "approve",
    "attach",
    "base_at_hand",
    "base_of",
    "current",
    "fetch_manifest",
    "fetch_signed",
    "fetch_warehouse",
    "held",
    "hold",
    "last_asked",
    "last_pulled",
    "make_bucket",
    "neighbours",
    "note_asked",
    "policy",
    "probe",
    "publish",
    "published_key",
    "pull",
    "reading_policy",
    "refresh_alias",
    "refuse_unsafe",
    "rollback",
    "seal",
    "secret",
    "state",
    "states",
    "sweep",
    "verify",
    "waiting",
    "was_published",
]
