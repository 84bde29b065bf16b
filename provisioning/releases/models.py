from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import models

from sites.encryption import decrypt, encrypt


class Release(models.Model):
    """One state of a site's configuration: compose file, environment and the images it ran with."""

    class Status(models.TextChoices):
        PREPARED = "prepared"  # not proven yet
        CURRENT = "current"  # healthy, and its address answered
        PAST = "past"  # was current once
        FAILED = "failed"

    # Known before the row is saved, so that the environment can be bound to it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=Status, default=Status.PREPARED)
    compose = models.TextField()
    encrypted = models.TextField(editable=False)  # the environment
    secret_names = models.JSONField(default=list)  # which of it is masked
    files = models.JSONField(default=dict)  # other files: path below the site → text
    images = models.JSONField(default=dict)  # service → image id, once it ran
    template = models.CharField(max_length=60, blank=True)
    template_version = models.PositiveIntegerField(null=True)
    # What of its template counts while it runs: which service answers, and how to ask it. See
    # `plans.wanted.Wanted`; kept here, as a template's older versions may be gone.
    serving = models.JSONField(default=dict)
    pinned = models.BooleanField(default=False)  # kept whatever its age; nothing newer by itself
    message = models.TextField(blank=True)  # why it failed, or what changed
    created_by = models.CharField(max_length=150, blank=True)
    operation = models.ForeignKey(
        "provisioning.Operation", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    current_since = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="release_number"),
            models.UniqueConstraint(
                fields=["site"], condition=models.Q(status="current"), name="release_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} #{self.number}"

    @property
    def _context(self) -> str:
        return f"provisioning_release:{self.pk}:encrypted"

    def seal(self, env: dict[str, str]) -> None:
        """Stores the environment, encrypted: no column tells which values are secret."""
        self.encrypted = encrypt(json.dumps(env), context=self._context)

    def reveal(self) -> dict[str, str]:
        """The environment with its secrets, for a driver; raises CannotDecrypt."""
        found: dict[str, Any] = json.loads(decrypt(self.encrypted, context=self._context))
        return {name: str(value) for name, value in found.items()}
