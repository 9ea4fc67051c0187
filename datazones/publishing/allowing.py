"""What a zone's own key may do in the bucket: the least with which its worker can work, and nothing elsewhere."""

from __future__ import annotations

from datazones.publishing.probing import SCRATCH

SHARED = "shared"
"""Below this lies what zones share of what providers answered, see `sharing`."""


def policy(bucket: str, prefix: str, *, principal: str | None = None) -> dict[str, object]:
    """An IAM policy document, as https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html has it.

    With a `principal` (an ARN) it is a bucket's policy, as stores without IAM have it. Raw answers, files, manifests
    and the pointer can be read and put, and never deleted: `datazones gc` needs a key of its own for that. Only the
    scratch objects by which the store is probed can be deleted. What zones share of providers' answers is read only:
    who may write it is believed by all of them.
    """
    name = f"arn:aws:s3:::{bucket}"
    who = {"Principal": {"AWS": [principal]}} if principal else {}

    def allowed(actions: list[str], resource: str, **more: object) -> dict[str, object]:
        return {"Effect": "Allow", **who, "Action": actions, "Resource": [resource], **more}

    listed = {"StringLike": {"s3:prefix": [f"{prefix}/*", f"{SCRATCH}/*", f"{SHARED}/*"]}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            allowed(["s3:GetObject", "s3:PutObject"], f"{name}/{prefix}/*"),
            allowed(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"{name}/{SCRATCH}/*"),
            allowed(["s3:GetObject"], f"{name}/{SHARED}/*"),
            allowed(["s3:ListBucket"], name, Condition=listed),
        ],
    }
