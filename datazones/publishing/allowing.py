"""What keys may do in the bucket: the least with which a zone's worker works, or a reader reads, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from datazones.publishing.aliasing import ALIAS
from datazones.publishing.asking import ASKED
from datazones.publishing.pointing import CURRENT
from datazones.publishing.probing import SCRATCH

SHARED = "shared"
"""Below this lies what zones share of what providers answered, see `sharing`."""

_PUBLISHED: Final = (CURRENT, ASKED, "manifests/*", "objects/*", "held/*")
"""Below a zone's prefix, what a hub reads: all but the raw answers."""

_READ: Final = (CURRENT, ALIAS, "manifests/*", "objects/*")
"""Below a zone's prefix, what whoever reads a published snapshot reads."""

_LISTED: Final = (CURRENT, ASKED, "manifests/*", "held/*")
"""What it lists of that. Only a listing tells an absent object from one that is withheld, and what lies ahead."""


def policy(bucket: str, prefix: str, *, principal: str | None = None, members: Iterable[str] = ()) -> dict[str, object]:
    """An IAM policy document, as https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html has it.

    With a `principal` (an ARN) it is a bucket's policy, as stores without IAM have it. Raw answers, files, manifests
    and the pointer can be read and put, and never deleted: `datazones gc` needs a key of its own for that. Only the
    scratch objects by which the store is probed can be deleted. What zones share of providers' answers is read only:
    who may write it is believed by all of them. A hub's key reads what its `members` have published below these
    prefixes, too, and writes nothing there.
    """
    others = list(members)
    listed = [f"{prefix}/*", f"{SCRATCH}/*", f"{SHARED}/*", *_below(others, _LISTED)]
    rights = [
        (["s3:GetObject", "s3:PutObject"], [f"{prefix}/*"]),
        (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{SCRATCH}/*"]),
        (["s3:GetObject"], [f"{SHARED}/*", *_below(others, _PUBLISHED)]),
    ]
    return _document(bucket, principal, rights, listed)


def reading_policy(bucket: str, prefix: str, *, principal: str | None = None) -> dict[str, object]:
    """The same of a key that only reads what is published below the prefix: who pulls, verifies, and attaches it."""
    rights = [(["s3:GetObject"], _below([prefix], _READ))]
    return _document(bucket, principal, rights, _below([prefix], _READ))


def _document(
    bucket: str, principal: str | None, rights: Iterable[tuple[list[str], list[str]]], listed: list[str]
) -> dict[str, object]:
    """What may be done to which keys, and which keys may be listed."""
    name = f"arn:aws:s3:::{bucket}"
    who = {"Principal": {"AWS": [principal]}} if principal else {}
    statements = [
        {"Effect": "Allow", **who, "Action": actions, "Resource": [f"{name}/{key}" for key in keys]}
        for actions, keys in rights
    ]
    condition = {"StringLike": {"s3:prefix": listed}}
    may_list = {"Effect": "Allow", **who, "Action": ["s3:ListBucket"], "Resource": [name], "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [*statements, may_list]}


def _below(prefixes: Sequence[str], keys: Iterable[str]) -> list[str]:
    return [f"{prefix}/{key}" for prefix in prefixes for key in keys]
