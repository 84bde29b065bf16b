"""Key pairs: made here or imported, always kept in OpenSSH's form without a passphrase."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provisioning.drivers.errors import DriverError

_PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_Loader = Callable[[bytes, bytes | None], object]
_MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key (OpenSSH text, no passphrase), its ``authorized_keys`` line and fingerprint."""

    private_text: str = field(repr=False)
    public_line: str
    fingerprint: str


def generate_ed25519(comment: str) -> KeyPair:
    """A new ED25519 key pair. ``comment`` ends the public line; its white space becomes one blank.

    Raises ValueError for a comment with control characters.
    """
    comment = " ".join(comment.split())
    if not comment.isprintable():
        raise ValueError("the comment of a key must be printable")
    return _pair(ed25519.Ed25519PrivateKey.generate(), comment)


def read_private_key(text: str, passphrase: str | None = None) -> KeyPair:
    """An imported OpenSSH or PEM private key (ED25519, ECDSA, RSA), without its passphrase.

    Raises DriverError ``bad_credential``, saying which: no key, missing or wrong passphrase, weak
    or unsupported type. The message never quotes the text.
    """
    data = text.strip().replace("\r\n", "\n").encode("utf-8", "replace") + b"\n"
    key = _load(data, passphrase.encode() if passphrase else None)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _MIN_RSA_BITS:
        raise _bad(f"an RSA key of {key.key_size} bits is too weak; {_MIN_RSA_BITS} are needed")
    if not isinstance(key, _PrivateKey):
        raise _bad("this type of key is not supported; use ED25519, ECDSA or RSA")
    return _pair(key, "")


def fingerprint(public_line: str) -> str:
    """``"SHA256:…"`` as ``ssh-keygen -l`` prints it; DriverError ``garbage`` if it is no key."""
    try:
        blob = base64.b64decode(public_line.split()[1], validate=True)
    except (IndexError, binascii.Error, ValueError) as error:
        raise DriverError("this is not a public key", "garbage") from error
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def paramiko_key(private_text: str) -> paramiko.PKey:
    """The key as paramiko wants it, to log in with; DriverError ``bad_credential`` otherwise."""
    key = _load(private_text.encode("utf-8", "replace"), None)
    kind: type[paramiko.PKey]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        kind = paramiko.Ed25519Key
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        kind = paramiko.ECDSAKey
    else:
        kind = paramiko.RSAKey
    try:
        return kind.from_private_key(io.StringIO(private_text))
    except (paramiko.SSHException, ValueError, IndexError) as error:
        raise _bad("the private key cannot be read") from error


def _pair(key: _PrivateKey, comment: str) -> KeyPair:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    line = f"{public.decode()} {comment}".strip()
    return KeyPair(private.decode(), line, fingerprint(line))


def _load(data: bytes, passphrase: bytes | None) -> object:
    if b"PRIVATE KEY-----" not in data:
        raise _bad("this is not a private key")
    openssh = b"BEGIN OPENSSH PRIVATE KEY" in data
    load: _Loader = (
        serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    )
    try:
        return _unlock(load, data, passphrase)
    except UnsupportedAlgorithm:
        raise _bad("this type of key or encryption is not supported") from None
    except (ValueError, TypeError) as error:
        raise _why(error, given=bool(passphrase)) from None


def _unlock(load: _Loader, data: bytes, passphrase: bytes | None) -> object:
    try:
        return load(data, passphrase)
    except TypeError as error:
        # A passphrase for a key that has none is no reason to refuse the key.
        if passphrase and "not encrypted" in str(error):
            return load(data, None)
        raise


def _why(error: ValueError | TypeError, *, given: bool) -> DriverError:
    """cryptography tells these cases apart by type and wording only."""
    if isinstance(error, TypeError):
        return _bad("the private key has a passphrase; give it, too")
    words = str(error).lower()
    if given and ("incorrect password" in words or "checksum" in words):
        return _bad("the passphrase is wrong")
    return _bad("the private key is damaged or incomplete")


def _bad(message: str) -> DriverError:
    return DriverError(message, "bad_credential")
