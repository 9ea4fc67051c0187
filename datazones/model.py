"""The values that walk from step to step. All frozen; those that cross a process border are plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl


@dataclass(frozen=True, slots=True)
class Window:
    """A closed range of periods, in the provider's own notation; None is open."""

    first_period: str | None = None
    last_period: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a provider. `part` names what the answer is to the reading: 'data', 'structure' or 'metadata'.

    A dialect sets `after_s` where the answer is not ready: this is to be asked so many seconds later, in its place.
    `secrets` are asked with the params and stand nowhere else: in no key, no log, no error and no store.
    """

    url: str
    params: tuple[tuple[str, str], ...] = ()
    method: Literal["GET", "POST"] = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    part: str = "data"
    after_s: float | None = None
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Landed:
    """One answer as it was received and kept: raw bytes under their sha256, never changed.

    `request_key` names the question (method, url, params; secrets removed), so that two landings of one question can
    be compared. `headers` are the answer's, lower case.
    """

    digest: str
    size: int
    request_key: str
    part: str
    retrieved_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        """As JSON has it."""
        return {**asdict(self), "retrieved_at": self.retrieved_at.isoformat()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Landed:
        return cls(**{**plain, "retrieved_at": datetime.fromisoformat(plain["retrieved_at"])})


@dataclass(frozen=True, slots=True)
class Hints:
    """What the catalogue knows about a response beyond its bytes; every field may be unknown.

    `aside` holds companion responses by part name ('structure', 'metadata'). `labels` are fixed values for columns
    that the wire format leaves out (e.g. freq of a FRED series).
    """

    agency_id: str | None = None
    dataflow_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cube:
    """What a dialect read from one response, or from one bounded piece of a large one.

    `frame` has one row per observation. Its columns are SDMX concept ids in lower case:
    every name in `dimensions` (String, never null); `time_period` (String; absent where the flow has no time);
    `obs_value` (String as written, or Float64 where the wire format itself has typed numbers; null = no value);
    and, where the provider gives them, any column of `columns.OBSERVATION` or `columns.SERIES`, and further
    attributes (String): those named in `series_attributes` belong to the series, all others to the observation.
    """

    frame: pl.DataFrame
    dimensions: tuple[str, ...]
    agency_id: str
    dataflow_id: str
    series_attributes: tuple[str, ...] = ()
    released_at: datetime | None = None

    def with_frame(self, frame: pl.DataFrame) -> Cube:
        """The same with another frame of the same columns."""
        return replace(self, frame=frame)


@dataclass(frozen=True, slots=True)
class Quirk:
    """Something a provider gets wrong in its own format, since when we know, and what mends it.

    `mend` gives the cube as it should have been, or None where there is nothing to mend in it.
    """

    quirk_id: str
    cause: str
    found_on: date
    mend: Callable[[Cube], Cube | None]


@dataclass(frozen=True, slots=True)
class Correction:
    """One figure that a provider published wrongly: where, what was `found`, and what is loaded in its place.

    `corrected` is None where no better figure is known: then the observation has none.
    """

    correction_id: str
    cause: str
    declared_on: date
    series_key: str
    time_period: str
    found: float
    corrected: float | None

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Correction:
        return cls(**{**plain, "declared_on": date.fromisoformat(plain["declared_on"])})


@dataclass(frozen=True, slots=True)
class Conformed:
    """Observations and their series, exactly in the schemas of `columns`."""

    observations: pl.DataFrame
    series: pl.DataFrame


class Break(NamedTuple):
    """From `since` on the series whose keys are like `series` (`*`, `?`) are told otherwise; None: as before."""

    series: str
    since: date
    unit_measure: str | None
    unit_mult: int | None
    base_per: str | None


@dataclass(frozen=True, slots=True)
class Staged:
    """One reading of a feed, conformed and written aside as Parquet, and what the feed declares about it.

    `window_start` and `window_end` bound the periods that were asked for; None is open. `declared` is all that the feed
    declared about the reading, as JSON has it: it goes to the load log, so that the reading can be repeated. `renames`
    are the keys that series had before, each with the key that they have now.
    """

    feed_id: str
    observations: tuple[str, ...]
    series: tuple[str, ...]
    rows: int
    tolerance: float
    absent_is_withdrawn: bool
    window_start: date | None = None
    window_end: date | None = None
    declared: Mapping[str, object] = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logged:
    """One load as the load log has it: which raw answers it read, and what the feed `declared` then."""

    load_id: int
    feed_id: str
    slot: datetime
    loaded_at: datetime
    answers: tuple[Landed, ...]
    declared: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Revisions:
    """How many observations a vintage added, revised and withdrew, and how many differed by noise only.

    `restated` are those that no vintage changed but our own correction of a reading.
    """

    added: int = 0
    revised: int = 0
    withdrawn: int = 0
    ignored: int = 0
    restated: int = 0

    def __add__(self, other: Revisions) -> Revisions:
        return Revisions(*(mine + theirs for mine, theirs in zip(self.plain(), other.plain(), strict=True)))

    def __str__(self) -> str:
        names = ("added", "revised", "withdrawn", "noise", "restated by us")
        said = [f"{count:,} {name}" for name, count in zip(names, self.plain(), strict=True) if count]
        return ", ".join(said) or "nothing changed"

    def __bool__(self) -> bool:
        """Whether anything that is known has changed."""
        return bool(self.added or self.revised or self.withdrawn or self.restated)

    def plain(self) -> tuple[int, int, int, int, int]:
        return self.added, self.revised, self.withdrawn, self.ignored, self.restated


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


@dataclass(frozen=True, slots=True)
class Broken:
    """One observation that breaks rules by itself, what was found, and where in which raw answer it came (from 1)."""

    rule: str
    found: str
    feed_id: str
    series_key: str
    time_period: str
    raw_digest: str | None = None
    raw_place: int | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One observation that was set aside: the rules it broke, its raw answer, and what a person decided."""

    quarantine_id: int
    rule: str
    complaint: str
    feed_id: str
    series_key: str
    time_period: str
    period_start: date
    period_end: date
    obs_value: float | None
    obs_status: str | None
    conf_status: str | None
    comment_obs: str | None
    obs_attributes: str | None
    known_from: datetime
    vintage_id: int
    load_id: int
    raw_digest: str | None
    raw_place: int | None
    set_aside_at: datetime
    decision: str
    decided_by: str | None
    because: str | None
    decided_at: datetime | None
    decided_load: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the gate noticed: the rule, how much it matters, how often, and where to look first.

    `alone`: each observation in it is wrong by itself, so that it may be set aside and the rest go on.
    """

    rule: str
    severity: Literal["critical", "warning", "info"]
    found: str
    expected: str
    count: int = 0
    sample: tuple[Mapping[str, object], ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided: `passed` is False when a critical expectation failed."""

    passed: bool
    checks: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One observation of a curve: the candidate's figure, and the one readers hold now; None where there is none."""

    time_period: str
    obs_value: float | None
    obs_value_before: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A series around the place that a finding names; `time_period` is None where it names the series as a whole."""

    feed_id: str
    series_key: str
    time_period: str | None
    title: str | None
    unit_measure: str | None
    points: tuple[Point, ...]
