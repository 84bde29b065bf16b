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


class Series(models.Model):
    """What history is kept of: a container, a site, a host or a disk of it. It goes with it."""

    class Kind(models.TextChoices):
        CONTAINER = "container"
        SITE = "site"
        HOST = "host"
        DISK = "disk"

    kind = models.CharField(max_length=9, choices=Kind)
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="+")
    container = models.ForeignKey(
        "sites.Container", on_delete=models.CASCADE, null=True, related_name="+"
    )
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, null=True, related_name="+")
    mount = models.CharField(max_length=255, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["container"],
                condition=models.Q(kind="container"),
                name="series_once_per_container",
            ),
            models.UniqueConstraint(
                fields=["site"], condition=models.Q(kind="site"), name="series_once_per_site"
            ),
            models.UniqueConstraint(
                fields=["host", "mount"],
                condition=models.Q(kind__in=("host", "disk")),
                name="series_once_per_mount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.container_id or self.site_id or self.host_id} {self.mount}"


class Look(models.Model):
    """Somebody has what this uses before their eyes, until then; renewed while they do."""

    kind = models.CharField(max_length=9)
    part = models.PositiveBigIntegerField(default=0)  # of the container or site, 0 of a host
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["host", "kind", "part"], name="look_once_per_thing")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.part or self.host_id} until {self.until:%H:%M:%S}"


class Point(models.Model):
    """What was measured from ``at`` on, for as long as a step of its level is.

    ``data`` is in the form of history/packing.py: columns of their own would be twice the size,
    and nobody asks the database about single values.
    """

    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, related_name="points", db_index=False
    )
    level = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    data = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["series", "level", "at"], name="point_once_per_step")
        ]

    def __str__(self) -> str:
        return f"{self.series_id}/{self.level} {self.at:%Y-%m-%d %H:%M}"


# Django looks for models in here.
from monitoring.alerts.models import (  # noqa: E402
    Alert,
    AlertEvent,
    Maintenance,
    Rule,
    SiteProbe,
    Turn,
)
from monitoring.events.models import HostEvent  # noqa: E402
from monitoring.notify.models import Channel, Delivery  # noqa: E402

__all__ = [
    "Alert", "AlertEvent", "Channel", "Delivery", "HostEvent", "Maintenance", "Monitor", "Point",
    "Rule", "Series", "SiteProbe", "Turn",
]  # fmt: skip
