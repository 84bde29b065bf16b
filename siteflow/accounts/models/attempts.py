"""How often somebody failed to get in, per account and address, and until when they must wait."""

from __future__ import annotations

from django.db import models


class Attempts(models.Model):
    """``key`` is a hash of who and from where: what people type into a name field is not kept."""

    key = models.CharField(max_length=64, primary_key=True, editable=False)
    failures = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)
    told = models.BooleanField(default=False, help_text="its being blocked is on record")
    forget_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.failures} failed attempts"
