from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from sites.encryption import decrypt, encrypt
from sites.rights import Viewer, reach

IDLE: Final = timedelta(days=7)


class WizardQuerySet(models.QuerySet["Wizard"]):
    def visible_to(self, user: Viewer) -> WizardQuerySet:
        """Everybody's own, while they may see its host. What they may do is asked at each step."""
        seen = reach(user, "sites.view_host")
        own = self.filter(owner_id=user.pk) if seen else self.none()
        if seen.everywhere:
            return own
        return own.filter(models.Q(host=None) | seen.within(host="host_id"))

    def active(self) -> WizardQuerySet:
        return self.filter(status=Wizard.Status.ACTIVE, updated_at__gte=timezone.now() - IDLE)


class Wizard(models.Model):
    """What one person has told one wizard so far. It holds no rights and decides nothing."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        COMPLETED = "completed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    kind = models.CharField(max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", editable=False
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    step = models.CharField(max_length=40)
    state = models.JSONField(default=dict)  # by step: what was given, and nothing secret
    secrets = models.JSONField(default=dict)  # by field: encrypted, until it is used
    results = models.JSONField(default=dict)  # by step: the operation that tests it
    host = models.ForeignKey("sites.Host", on_delete=models.SET_NULL, null=True, related_name="+")
    start_request = models.CharField(max_length=100, blank=True)  # the Idempotency-Keys
    last_request = models.CharField(max_length=120, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = WizardQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "start_request"],
                condition=~models.Q(start_request=""),
                name="wizard_start_request",
            )
        ]
        indexes = [models.Index(fields=["status", "updated_at"], name="wizard_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def expires_at(self) -> datetime:
        return self.updated_at + IDLE

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE and self.expires_at > timezone.now()

    def seal(self, field: str, secret: str) -> None:
        self.secrets = {**self.secrets, field: encrypt(secret, context=self._context(field))}

    def reveal(self, field: str) -> str | None:
        """The secret, to be used at once; None when it was not given. Raises CannotDecrypt."""
        token = self.secrets.get(field)
        return decrypt(token, context=self._context(field)) if token else None

    def _context(self, field: str) -> str:
        return f"provisioning_wizard:{self.pk}:{field}"

    def end(self, status: str) -> None:
        """No secret outlives the wizard."""
        self.status, self.ended_at, self.secrets = status, timezone.now(), {}
