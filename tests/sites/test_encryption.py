from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings

from sites.encryption import CannotDecrypt, decrypt, encrypt, rotated
from sites.models import Credential

ODD = 'p@ss\'w"o$rd #1\nü 🐳 \\ {"json": true}'


def test_text_comes_back_byte_for_byte() -> None:
    token = encrypt(ODD, context="a:b:1")
    assert ODD not in token
    assert decrypt(token, context="a:b:1") == ODD


def test_a_token_copied_to_another_row_is_an_error() -> None:
    token = encrypt("secret", context="a:b:1")
    with pytest.raises(CannotDecrypt, match="a:b:2"):
        decrypt(token, context="a:b:2")


@pytest.mark.parametrize("token", ["", "plain text", "gAAAAA", "ü"])
def test_what_is_no_token_is_an_error_and_never_text(token: str) -> None:
    with pytest.raises(CannotDecrypt):
        decrypt(token, context="a:b:1")


def test_keys_rotate(settings: LazySettings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    token = encrypt("secret", context="c")
    settings.ENCRYPTION_KEYS = [new, old]
    assert decrypt(token, context="c") == "secret"
    token = rotated(token)
    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(token, context="c") == "secret"
    settings.ENCRYPTION_KEYS = [old]
    with pytest.raises(CannotDecrypt):
        decrypt(token, context="c")


@pytest.mark.django_db
def test_a_credential_keeps_its_secret_sealed() -> None:
    credential = Credential(kind=Credential.Kind.PASSWORD)
    credential.seal("hunter2")
    credential.save()
    kept = Credential.objects.get(pk=credential.pk)
    assert "hunter2" not in kept.encrypted
    assert "hunter2" not in repr(kept) + str(kept)
    assert kept.reveal() == "hunter2"
