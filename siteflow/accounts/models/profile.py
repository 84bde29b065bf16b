"""What SiteFlow keeps of an account beside Django's own row."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Profile(models.Model):
    """Made when there is something to keep; an account without one has all the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="profile"
    )
    must_change_password = models.BooleanField(default=False)
    totp_counter = models.BigIntegerField(
        default=0, help_text="time step of the last code that was used; older ones are refused"
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"profile of account {self.pk}"
