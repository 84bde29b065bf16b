from __future__ import annotations

from django.db import models
from django.utils import timezone


class Monitor(models.Model):
    """A monitor process, for as long as it says that it lives. They share the hosts evenly."""

    name = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField(default=timezone.now)
    alive_until = models.DateTimeField()
    swept_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
