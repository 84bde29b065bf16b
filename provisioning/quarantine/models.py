from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models

from sites.encryption import decrypt, encrypt
from sites.rights import Viewer, reach


def rest() -> timedelta:
    """How long it can be had back for certain."""
    return timedelta(days=settings.QUARANTINE_DAYS)


class QuarantineQuerySet(models.QuerySet["Quarantine"]):
    def visible_to(self, user: Viewer) -> QuarantineQuerySet:
        return self.filter(reach(user, "sites.manage_site").within(host="host_id"))


class Quarantine(models.Model):
    """A removed site whose data is still there, until ``until``. Its volumes keep their names.

    ``folder`` is where its files rest on the host; empty when they were left in their place.
    """

    # Known before the row is saved, so that what is sealed can be bound to it.
    seal_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    volumes = models.JSONField(default=list)
    folder = models.CharField(max_length=4096, blank=True)
    encrypted = models.TextField(editable=False)  # the site, its domains and its last release
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField()

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        ordering = ["until"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, None

    @property
    def _context(self) -> str:
        return f"provisioning_quarantine:{self.seal_id}:encrypted"

    def seal(self, told: dict[str, Any]) -> None:
        self.encrypted = encrypt(json.dumps(told), context=self._context)

    def reveal(self) -> dict[str, Any]:
        """What `seal` was given; raises CannotDecrypt."""
        found: dict[str, Any] = json.loads(decrypt(self.encrypted, context=self._context))
        return found
