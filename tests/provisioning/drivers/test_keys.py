from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from provisioning.drivers.errors import DriverError
from provisioning.drivers.keys import (
    fingerprint,
    generate_ed25519,
    paramiko_key,
    read_private_key,
)

# Made with `ssh-keygen -t ed25519`; the fingerprint is what `ssh-keygen -l` prints.
LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJo4U7tC+wcaXGoZvquCwS9nuFiIsaPaMu0JKJ2jlJmJ root@vm"
PRINT = "SHA256:FdKt5RYfdJfp/87rYIkumr1oJskMKGj4QzON8WG2NS0"

KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa": ec.generate_private_key(ec.SECP384R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
FORMS = {
    "openssh": serialization.PrivateFormat.OpenSSH,
    "pkcs8": serialization.PrivateFormat.PKCS8,
}
PASSPHRASE = "correct horse ü"


def text_of(key: object, form: str = "openssh", passphrase: str = "") -> str:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    data: bytes = key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, FORMS[form], encryption
    )
    return data.decode()


def refused(text: str, passphrase: str | None = None) -> str:
    with pytest.raises(DriverError) as caught:
        read_private_key(text, passphrase)
    assert caught.value.code == "bad_credential"
    return caught.value.message


def test_generated_key_can_log_in() -> None:
    pair = generate_ed25519("siteflow@web1")
    assert pair.private_text.startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert pair.public_line.startswith("ssh-ed25519 AAAA")
    assert pair.public_line.endswith(" siteflow@web1")
    key = paramiko_key(pair.private_text)
    assert key.get_base64() == pair.public_line.split()[1]
    assert pair.private_text not in repr(pair)


def test_comment_stays_on_one_line() -> None:
    assert generate_ed25519("a\nssh-rsa evil").public_line.endswith(" a ssh-rsa evil")
    with pytest.raises(ValueError, match="printable"):
        generate_ed25519("bell\x07")


def test_fingerprint_is_that_of_ssh_keygen() -> None:
    assert fingerprint(LINE) == PRINT


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 ***", "ssh-ed25519 ü"])
def test_fingerprint_of_nonsense(line: str) -> None:
    with pytest.raises(DriverError):
        fingerprint(line)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_imported_keys_lose_their_passphrase(kind: str, form: str, passphrase: str) -> None:
    text = text_of(KEYS[kind], form, passphrase)
    pair = read_private_key("\r\n  " + text.replace("\n", "\r\n"), passphrase or None)
    assert "BEGIN OPENSSH PRIVATE KEY" in pair.private_text
    assert paramiko_key(pair.private_text).get_base64() == pair.public_line.split()[1]


def test_traditional_rsa_form() -> None:
    data = KEYS["rsa"].private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    assert read_private_key(data.decode()).public_line.startswith("ssh-rsa ")


def test_a_needless_passphrase_does_no_harm() -> None:
    for form in FORMS:
        assert read_private_key(text_of(KEYS["ed25519"], form), "needless").fingerprint


@pytest.mark.parametrize("form", FORMS)
def test_which_of_it_is_wrong(form: str) -> None:
    locked = text_of(KEYS["ed25519"], form, PASSPHRASE)
    assert "has a passphrase" in refused(locked)
    assert "passphrase is wrong" in refused(locked, "not this one")
    damaged = text_of(KEYS["ed25519"], form).splitlines()
    assert "damaged" in refused("\n".join([damaged[0], damaged[1][:20], damaged[-1]]))
    assert "not a private key" in refused(LINE)
    assert "not a private key" in refused("")


def test_weak_and_unsupported_types() -> None:
    assert "too weak" in refused(text_of(rsa.generate_private_key(65537, 1024)))  # noqa: S505
    assert "not supported" in refused(text_of(dsa.generate_private_key(2048), "pkcs8"))


def test_messages_never_quote_the_text() -> None:
    marker = "c2VjcmV0LW1hcmtlcg"
    text = f"-----BEGIN PRIVATE KEY-----\n{marker}\n-----END PRIVATE KEY-----\n"
    assert marker not in refused(text)
    assert marker not in refused(text, marker)
