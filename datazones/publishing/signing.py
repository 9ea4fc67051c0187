"""Who says that a manifest or a pointer is the zone's: Ed25519 signatures, and the keys that a reader trusts.

A zone's public keys stand in its file of the catalogue. Where none stands there a reader trusts the key of the first
snapshot that it pulls, remembers it beside what it pulled, and refuses every other one from then on.
"""

from __future__ import annotations

import os
from collections.abc import Set
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from datazones.errors import CatalogueInvalid, SignerUnknown, SnapshotTampered
from datazones.publishing.manifest import Claim, Pointer, Reference, Signature

SUFFIX: Final = ".sig"
"""Of a signature's key, after that of the manifest it signs."""

MANIFEST, POINTER = b"datazones manifest\n", b"datazones pointer\n"
"""Signed before the bytes themselves, so that a signature made for one purpose never passes for another."""

ANYBODY: Final[Set[str]] = frozenset()
"""Trusted keys of a reader that has seen none yet."""


class Signer:
    """A private key, and the public one that readers know it by."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes_raw().hex()

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """The key in these 64 hex digits; CatalogueInvalid, which does not repeat them, when they are none."""
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.strip())))
        except ValueError as error:
            raise CatalogueInvalid(
                "the signing key",
                found=f"{len(text.strip())} characters",
                expected="32 bytes as 64 hex digits",
                next_step="`openssl rand -hex 32` makes one; set DATAZONES_SIGNING_KEY, the same on every worker",
            ) from error

    @classmethod
    def kept_at(cls, path: Path) -> Self:
        """The key in this file, which only its owner may read; made at first use, by whoever is first."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f"{path.name}.{uuid4().hex}")
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as into:
                into.write(Ed25519PrivateKey.generate().private_bytes_raw().hex())
            try:
                os.link(aside, path)
            except FileExistsError:
                pass
            finally:
                aside.unlink()
        return cls.from_hex(path.read_text())

    def sign(self, content: bytes, purpose: bytes = MANIFEST) -> Signature:
        """What goes beside these bytes."""
        return Signature(public_key=self.public_key, signature=self._private.sign(purpose + content).hex())

    def point(self, zone_id: str, reference: Reference) -> Pointer:
        """A new pointer to this manifest."""
        claim = Claim(zone_id=zone_id, snapshot=reference, write_id=uuid4().hex)
        signature = self.sign(claim.canonical(), POINTER)
        return Pointer(zone_id=zone_id, snapshot=reference, write_id=claim.write_id, signature=signature)


def verify_signature(
    content: bytes, signature: Signature, trusted: Set[str], key: str, purpose: bytes = MANIFEST
) -> None:
    """SnapshotTampered unless the signature is of these bytes; SignerUnknown unless its key is trusted, if any is."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public_key))
        public.verify(bytes.fromhex(signature.signature), purpose + content)
    except (InvalidSignature, ValueError) as error:
        raise SnapshotTampered(
            key,
            found="a signature that is not of these bytes",
            expected=f"one by {signature.public_key[:16]}…, as it says",
            next_step="find out who wrote to this prefix; restore the object, or publish again",
        ) from error
    if trusted and signature.public_key not in trusted:
        raise SignerUnknown(
            key,
            found=f"a signature by the key {signature.public_key}",
            expected=" or ".join(sorted(trusted)),
            next_step="if it is the zone's own new key, put it among public_keys in the zone's file, a former one "
            "among retired_keys, and give every worker of the zone the same DATAZONES_SIGNING_KEY; else find out who "
            "wrote to this prefix",
        )
