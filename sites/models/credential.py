from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from sites.encryption import decrypt, encrypt, rotated


class Credential(models.Model):
    """What logs in to a host: a private key or a password. Written once, read by drivers only."""

    class Kind(models.TextChoices):
        KEY = "key", "SSH key"
        PASSWORD = "password", "Password"  # noqa: S105

    # Known before the row is saved, so that the secret can be bound to it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    public_key = models.TextField(blank=True, editable=False)
    fingerprint = models.CharField(max_length=60, blank=True, editable=False)
    encrypted = models.TextField(editable=False)
    # Who had it made before there was a host for it, and may give it to one.
    made_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.fingerprint}".strip()

    @property
    def _context(self) -> str:
        return f"sites_credential:{self.pk}:encrypted"

    def seal(self, secret: str) -> None:
        """Stores the private key (OpenSSH text, no passphrase) or the password, encrypted."""
        self.encrypted = encrypt(secret, context=self._context)

    def reveal(self) -> str:
        """The secret, for a driver and nobody else; raises CannotDecrypt."""
        return decrypt(self.encrypted, context=self._context)

    def rotate(self) -> None:
        """Encrypts the secret anew with the newest key; the caller saves."""
        self.encrypted = rotated(self.encrypted)
