"""What a zone's own key may do in the bucket: the least with which its worker can work, and nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from datazones.publishing.asking import ASKED
from datazones.publishing.pointing import CURRENT
from datazones.publishing.probing import SCRATCH

SHARED = "shared"
"""Below this lies what zones share of what providers answered, see `sharing`."""

_PUBLISHED: Final = (CURRENT, ASKED, "manifests/*", "objects/*", "held/*")
"""Below a zone's prefix, what a hub reads: all but the raw answers."""

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
    name = f"arn:aws:s3:::{bucket}"
    who = {"Principal": {"AWS": [principal]}} if principal else {}

    others = list(members)
    listed = [f"{prefix}/*", f"{SCRATCH}/*", f"{SHARED}/*", *_below(others, _LISTED)]

    def allowed(actions: list[str], *resources: str, **more: object) -> dict[str, object]:
        return {"Effect": "Allow", **who, "Action": actions, "Resource": list(resources), **more}

    statements = [
        allowed(["s3:GetObject", "s3:PutObject"], f"{name}/{prefix}/*"),
        allowed(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"{name}/{SCRATCH}/*"),
        allowed(["s3:GetObject"], f"{name}/{SHARED}/*"),
        allowed(["s3:ListBucket"], name, Condition={"StringLike": {"s3:prefix": listed}}),
    ]
    if others:
        statements.append(allowed(["s3:GetObject"], *(f"{name}/{key}" for key in _below(others, _PUBLISHED))))
    return {"Version": "2012-10-17", "Statement": statements}


def _below(prefixes: Sequence[str], keys: Iterable[str]) -> list[str]:
    return [f"{prefix}/{key}" for prefix in prefixes for key in keys]
