"""What an X.509 certificate says, from its bytes. Whoever sent them may have made them up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from provisioning.drivers.hostile import printable

MAX_NAMES: Final = 100  # of those that are told; all are compared
MAX_CHAIN: Final = 10
_MAX_NAME: Final = 253
_MAX_BYTES: Final = 100_000  # of one certificate; as OpenSSL takes for a whole chain
# What cryptography raises for what is no certificate, or one that it has no form for.
_UNREADABLE: Final = (
    ValueError, TypeError, OverflowError, UnsupportedAlgorithm,
    x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion,
)  # fmt: skip


class BadCertificate(ValueError):
    """What is there cannot be read as a certificate."""


@dataclass(frozen=True, slots=True)
class ParsedCertificate:
    """``names`` are those of the subject alternative name, the only ones that browsers look at.

    ``fingerprint`` is the SHA-256 of the whole in lower-case hexadecimal digits.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    serial: str
    key: str  # "EC 256", "RSA 2048"
    fingerprint: str

    def fits(self, name: str) -> bool:
        """RFC 9525: the whole name, or a wildcard for exactly its first label."""
        _, _, rest = name.lower().partition(".")
        wanted = {name.lower(), f"*.{rest}"}
        return any(one.lower() in wanted for one in self.names)


def parse_der(data: bytes) -> ParsedCertificate:
    """Raises BadCertificate."""
    if len(data) > _MAX_BYTES:
        raise BadCertificate(f"longer than {_MAX_BYTES} bytes")
    try:
        return _parsed(x509.load_der_x509_certificate(data))
    except _UNREADABLE as error:
        raise BadCertificate(printable(str(error), limit=200)) from None


def parse_chain(chain: Sequence[bytes]) -> tuple[ParsedCertificate, ...]:
    """The server's own first. Raises BadCertificate if that one cannot be read; of the others,
    what cannot be read and what comes after the tenth is left out."""
    if not chain:
        raise BadCertificate("no certificate at all")
    return (parse_der(chain[0]), *_readable(chain[1:MAX_CHAIN]))


def parse_pem(data: bytes) -> tuple[ParsedCertificate, ...]:
    """A file of certificates, the server's own first. Raises BadCertificate."""
    try:
        found = x509.load_pem_x509_certificates(data)
        return tuple(_parsed(one) for one in found[:MAX_CHAIN])
    except _UNREADABLE as error:
        raise BadCertificate(printable(str(error), limit=200)) from None


def _readable(chain: Sequence[bytes]) -> Iterator[ParsedCertificate]:
    for data in chain:
        try:
            yield parse_der(data)
        except BadCertificate:
            continue


def _parsed(one: x509.Certificate) -> ParsedCertificate:
    return ParsedCertificate(
        subject=_told(one.subject),
        issuer=_told(one.issuer),
        names=tuple(_names(one)),
        not_before=_moment(one.not_valid_before_utc),
        not_after=_moment(one.not_valid_after_utc),
        serial=f"{one.serial_number:x}"[:80],
        key=_key(one),
        fingerprint=one.fingerprint(hashes.SHA256()).hex(),
    )


def _told(name: x509.Name) -> str:
    """ "E7, Let's Encrypt": the common name and the organisation, or all of it without these."""
    parts: list[Any] = []
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        parts += [one.value for one in name.get_attributes_for_oid(oid)[:1]]
    text = ", ".join(one if isinstance(one, str) else one.hex() for one in parts)
    return printable(text or name.rfc4514_string(), limit=200)


def _names(one: x509.Certificate) -> Iterator[str]:
    try:
        found = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name in found:
        if isinstance(name, x509.DNSName):
            yield printable(name.value, limit=_MAX_NAME)
        elif isinstance(name, x509.IPAddress):
            yield str(name.value)


def _moment(at: datetime) -> datetime:
    """Nothing before computers had clocks: databases and browsers differ on early years."""
    return max(at, datetime(1970, 1, 1, tzinfo=UTC))


def _key(one: x509.Certificate) -> str:
    try:
        key = one.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "unknown"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return type(key).__name__.strip("_").removesuffix("PublicKey")
