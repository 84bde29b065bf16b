"""One login, from its beginning to its end: a browser's session, or a program's JSON web tokens."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class LoginQuerySet(models.QuerySet["Login"]):
    def open(self, *, now: datetime) -> LoginQuerySet:
        """Those that still let somebody in."""
        return self.filter(ended_at=None, expires_at__gt=now)


class Login(models.Model):
    """A browser's login dies with its session; a program's with this row."""

    class Kind(models.TextChoices):
        BROWSER = "browser"
        PROGRAM = "program"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="logins"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    session_key = models.CharField(max_length=40, blank=True)  # of the row, not the cookie
    refresh_id = models.UUIDField(null=True, help_text="the only refresh token that counts")
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = LoginQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ("-last_seen_at",)
        indexes = (models.Index(fields=["expires_at"], name="login_by_expiry"),)
        constraints = (
            models.UniqueConstraint(
                fields=["session_key"],
                condition=~Q(session_key="") & Q(ended_at=None),
                name="login_one_per_session",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} login of account {self.user_id}"
