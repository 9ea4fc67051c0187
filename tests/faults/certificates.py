"""Certificates of an authority of our own, for servers that tests start."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]

_SIGNS, _SIGNS_OTHERS = (
    x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )
    for ca in (False, True)
)  # fmt: skip


def founded() -> Authority:
    """An authority that nobody knows yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate("An Authority", key, None), key


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: Authority | None,
    days: int = 1,
) -> x509.Certificate:
    """With all that Python wants to see of one since 3.13."""
    subject, signing = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), issuer[1] if issuer else key
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .add_extension(_SIGNS_OTHERS if issuer is None else _SIGNS, critical=True)
    )
    if issuer:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signing, hashes.SHA256())


def served(folder: Path, name: str, authority: Authority, days: int = 1) -> ssl.SSLContext:
    """What a server of this name needs to be asked over TLS; `authority.pem` in the folder is for who asks it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = _certificate(name, key, authority, days).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(pem)
    (folder / "authority.pem").write_bytes(authority[0].public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context
