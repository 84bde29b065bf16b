"""Certificates made for a test: of any names, times and keys, alone or below an authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Made:
    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(
            serialization.Encoding.PEM, form, serialization.NoEncryption()
        )


@lru_cache(maxsize=2)
def key_of(kind: str) -> Key:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def made(
    *names: str,
    subject: str = "",
    now: datetime = NOW,
    begins: timedelta = timedelta(days=-30),
    ends: timedelta = timedelta(days=60),
    key: str = "ec",
    by: Made | None = None,
    further: Sequence[x509.GeneralName] = (),
) -> Made:
    """Self-signed unless made ``by`` another one; ``begins`` and ``ends`` are counted from now."""
    own = key_of(key)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject or (names or ("it",))[0])])
    issuer = by.certificate.subject if by else name
    builder = (
        x509.CertificateBuilder(issuer, name, own.public_key(), x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )
    general = [*(x509.DNSName(one) for one in names), *further]
    if general:
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return Made(builder.sign(by.key if by else own, hashes.SHA256()), own)
