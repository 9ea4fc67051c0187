"""Encryption: the certificate must name the host and lead to an authority we know."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from datazones.errors import ProviderRefused, ProviderUnavailable
from datazones.model import Request
from datazones.transport import Transport
from tests.faults.asking import MANNERS, NOW
from tests.faults.rawserver import RawServer, Reply, head, whole

HOST = "secure.example.org"


_SIGNS, _SIGNS_OTHERS = (
    x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )
    for ca in (False, True)
)  # fmt: skip


@pytest.fixture(scope="module")
def authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate("An Authority", key, None), key


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
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


def _served(
    folder: Path, name: str, authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey], days: int = 1
) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = _certificate(name, key, authority, days).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(pem)
    (folder / "authority.pem").write_bytes(authority[0].public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


@contextmanager
def _transport(server: RawServer, certificates: Path | None) -> Iterator[tuple[Transport, Request]]:
    name = f"{HOST}:{server.port}"
    manners = replace(
        MANNERS,
        allowed_hosts=frozenset({name}),
        private_addresses_allowed=True,
        certificates=certificates,
        deadline_s=2.0,
        attempts=3,
    )
    with Transport(manners, lambda: NOW, resolve=lambda _host, _port: ["127.0.0.1"]) as transport:
        yield transport, Request(f"https://{name}/x")


def test_a_host_with_a_certificate_of_its_own_name_is_asked_by_that_name(
    tmp_path: Path, authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
) -> None:
    tls = _served(tmp_path, HOST, authority)
    named: list[str] = []
    tls.sni_callback = lambda _socket, name, _context: named.append(name)
    cut = Reply(head(headers=[("Content-Length", "9")]) + b"abc")
    with (
        RawServer([whole(b"data"), whole(b"more"), cut], tls=tls) as server,
        _transport(server, tmp_path / "authority.pem") as (transport, asked),
    ):
        assert [transport.ask(asked).body, transport.ask(asked).body] == [b"data", b"more"]
        assert named == [HOST]
        with pytest.raises(ProviderUnavailable):
            transport.ask(asked)


@pytest.mark.parametrize(
    ("name", "days", "known"),
    [(HOST, 1, False), ("other.example.org", 1, True), (HOST, -1, True)],
    ids=["of an unknown authority", "of another host", "expired"],
)
def test_a_certificate_that_does_not_prove_the_host_ends_it_before_anything_is_asked(
    tmp_path: Path,
    authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    name: str,
    days: int,
    *,
    known: bool,
) -> None:
    with RawServer([whole(b"data")], tls=_served(tmp_path, name, authority, days)) as server:
        with (
            _transport(server, tmp_path / "authority.pem" if known else None) as (transport, asked),
            pytest.raises(ProviderRefused, match="certificate"),
        ):
            transport.ask(asked)
        assert (server.asked, server.connections) == ([], 1)


def test_a_server_that_does_not_speak_tls_is_unavailable() -> None:
    with (
        RawServer(lambda _request: Reply(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
        _transport(server, None) as (transport, asked),
    ):
        begun = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            transport.ask(asked)
        assert time.monotonic() - begun < 2.5
