"""Text that only this installation can read: MultiFernet tokens bound to their row.

A token holds its own context (``table:column:key``) inside the encrypted part, so that a value
copied to another row, or decrypted with a wrong key, is an error and never text.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotDecrypt(Exception):
    """No key of SITEFLOW_ENCRYPTION_KEYS opens this value, or it belongs to another row."""

    code, status = "cannot_decrypt", 500

    def __init__(self, context: str) -> None:
        self.message = (
            f"The secret of {context} cannot be read: SITEFLOW_ENCRYPTION_KEYS lacks its key."
        )
        super().__init__(self.message)


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def encrypt(text: str, *, context: str) -> str:
    """A token made with the newest key."""
    return _keys().encrypt(f"{context}\0{text}".encode()).decode("ascii")


def decrypt(token: str, *, context: str) -> str:
    """The text; raises CannotDecrypt on a wrong key or a token of another row."""
    try:
        found, _, text = _keys().decrypt(token.encode("ascii")).decode().partition("\0")
    except (InvalidToken, UnicodeError) as error:
        raise CannotDecrypt(context) from error
    if found != context:
        raise CannotDecrypt(context)
    return text


def rotated(token: str) -> str:
    """The same text under the newest key."""
    return _keys().rotate(token.encode("ascii")).decode("ascii")
