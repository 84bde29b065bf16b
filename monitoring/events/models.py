from __future__ import annotations

from django.db import models
from django.db.models import Q

from sites.rights import Viewer, reach


class HostEventQuerySet(models.QuerySet["HostEvent"]):
    def visible_to(self, user: Viewer) -> HostEventQuerySet:
        """A container's events to who sees the container, all others to who sees the host."""
        of_container = Q(type=HostEvent.Type.CONTAINER)
        container = reach(user, "sites.view_container").within(host="host", site="site")
        host = reach(user, "sites.view_host").within(host="host")
        return (self.filter(of_container).filter(container)) | (
            self.exclude(of_container).filter(host)
        )


class HostEvent(models.Model):
    """One of the last events of a host. Keys of containers and sites outlive what they are of."""

    class Type(models.TextChoices):
        CONTAINER = "container"
        IMAGE = "image"
        VOLUME = "volume"
        NETWORK = "network"
        DAEMON = "daemon"

    host = models.ForeignKey(
        "sites.Host", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    at_ns = models.BigIntegerField()  # nanoseconds since the epoch by the host's own clock
    type = models.CharField(max_length=9, choices=Type)
    action = models.CharField(max_length=40)
    actor = models.CharField(max_length=80)  # Docker's id of it
    name = models.CharField(max_length=120)
    container = models.PositiveBigIntegerField(null=True)
    site = models.PositiveBigIntegerField(null=True)
    attributes = models.JSONField(default=dict)

    objects = HostEventQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["host", "-id"], name="host_event_newest")]

    def __str__(self) -> str:
        return f"{self.type} {self.name} {self.action}"
