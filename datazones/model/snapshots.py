"""What may be published, what it is made of, and what it follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from datazones.model.loads import Revisions


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a snapshot: its rows, a digest of its content, and its columns: name and DuckDB type, in order."""

    name: str
    rows: int
    digest: str
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a snapshot: `rows` rows of `table`, in its order. `name` is a path below the snapshot.

    `content` is a digest of what its rows say, by which it is known without its bytes; `path` is None where the store
    has the file already and nobody made it again.
    """

    name: str
    path: str | None
    size: int
    digest: str
    table: str
    rows: int
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """A file that goes with a candidate into the store, such as the gate's report, and the sha256 of its bytes."""

    name: str
    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class HeldFeed:
    """One feed in a snapshot: whose it is, on what terms, how many vintages, and when the last became known."""

    feed_id: str
    agency_id: str
    dataflow_id: str
    licence: str
    attribution: str
    vintages: int
    known_at: datetime | None
    terms: str | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """The published snapshot that a working copy stands on, and the last load in it."""

    generation: int
    snapshot_id: str
    load_id: int


@dataclass(frozen=True, slots=True)
class Base:
    """The published snapshot that a candidate may be a changed copy of: its DuckDB file on this machine, and what its
    manifest says of it. `parts` are those that the store still has; for `recipe` and `loose` see Candidate.
    """

    path: Path
    digest: str
    recipe: str
    loose: int
    tables: tuple[Table, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Pin:
    """One published snapshot of another zone, by the sha256 of its manifest: what a hub was built from."""

    zone_id: str
    generation: int
    snapshot_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one zone brings into a hub: the snapshot that is pinned, in the file at `path`; or none, and the reason.

    `late`: no word from the zone for too long. `held`: its gate holds something newer back. `rolled_back`: it has taken
    back what it published last. In all three its published snapshot is taken. `missing`: it has published nothing.
    `refused`: what it published cannot be trusted. `feeds` are those that it shares, `as_of` is when the snapshot was
    published.
    """

    zone_id: str
    name_en: str
    name_zh: str
    ref_area: str
    gb2260: str
    feeds: tuple[str, ...]
    state: Literal["current", "late", "held", "rolled_back", "missing", "refused"]
    reason: str | None = None
    pin: Pin | None = None
    as_of: datetime | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A compact file that may become the zone's next snapshot, and what it changes against `parent`.

    `digest` is the sha256 of the file as it was built: what is examined is what is published. Any DuckDB from
    `storage_version` on opens it. `parts` hold the figures once more as Parquet, for readers without DuckDB.
    `pins` are the snapshots that a hub is built from.

    `recipe` names the rules by which files were made of rows: only what was made by the same ones may be taken over.
    So many rows as `loose` says lie at the end of the file instead of in their place.
    """

    zone_id: str
    path: str
    digest: str
    storage_version: str
    tables: tuple[Table, ...]
    feeds: tuple[HeldFeed, ...]
    changes: Revisions
    load_id: int
    parent: Parent | None
    parts: tuple[Part, ...] = ()
    recipe: str | None = None
    loose: int = 0
    pins: tuple[Pin, ...] = ()

    @property
    def file(self) -> Path:
        return Path(self.path)
