"""What nothing refers to any more goes, by age and count; what is published, or was lately, stays.

Manifests that were published stay for ever: they are small, and the chain leads through them. Files go when every
snapshot that has them is neither among the newest nor young; so do files and manifests that a dead or
beaten run left. What waits for a person's approval stays as well.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datazones.errors import SnapshotConflict
from datazones.publishing.history import states
from datazones.publishing.holding import waiting
from datazones.publishing.pointing import read
from datazones.publishing.signing import ANYBODY, SUFFIX
from datazones.publishing.store import Listed, Store

GRACE = timedelta(hours=24)
"""So old, by the store's clock, is what goes at the least: a run that is about to refer to it has long ended."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many snapshots keep their files, and the objects that went, or would."""

    kept: int
    gone: tuple[Listed, ...]

    @property
    def size(self) -> int:
        return sum(found.size for found in self.gone)


def sweep(
    store: Store,
    prefix: str,
    now: datetime,
    *,
    keep: int,
    younger_than: timedelta,
    trusted: Set[str] = ANYBODY,
    grace: timedelta = GRACE,
    dry: bool = False,
) -> Swept:
    """Remove the files of snapshots beyond the newest `keep` (at least one) that are not younger either, and orphans.

    Twice it is listed what is loose, and only what is loose both times goes; SnapshotConflict when the pointer moved
    in between, and then nothing does.
    """
    before = read(store, prefix)
    kept, links = [], []
    for place, (link, manifest) in enumerate(states(store, prefix, trusted)):
        links.append(link.key)
        if place < max(keep, 1) or now - manifest.created_at < younger_than:
            kept.append(manifest)
    held = [candidate.manifest for candidate in waiting(store, prefix, trusted)]
    wanted = {f"{prefix}/{file.key}" for manifest in (*kept, *held) for file in manifest.files}
    wanted |= {f"{prefix}/{link}{suffix}" for link in links for suffix in ("", SUFFIX)}
    first = _loose(store, prefix, wanted, grace)
    if read(store, prefix) != before:
        raise SnapshotConflict(
            prefix,
            found="a pointer that moved meanwhile",
            expected="no other writer",
            next_step="run again; nothing was removed",
        )
    gone = tuple(found for found in _loose(store, prefix, wanted, grace) if found in first)
    for found in () if dry else gone:
        store.remove(found.key)
    return Swept(len(kept), gone)


def _loose(store: Store, prefix: str, wanted: Set[str], grace: timedelta) -> tuple[Listed, ...]:
    """What nobody refers to, and has been there for longer than `grace`."""
    until = datetime.now(UTC) - grace
    return tuple(
        found
        for folder in ("objects", "manifests")
        for found in store.listing(f"{prefix}/{folder}/")
        if found.key not in wanted and found.modified_at <= until
    )
