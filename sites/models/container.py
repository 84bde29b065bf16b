from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from sites.models.host import Host, stale_after
from sites.rights import Viewer, reach

UNKNOWN = "unknown"


class ContainerQuerySet(models.QuerySet["Container"]):
    def visible_to(self, user: Viewer) -> ContainerQuerySet:
        return self.open_to(user, "sites.view_container")

    def open_to(self, user: Viewer, permission: str) -> ContainerQuerySet:
        """Those that an account holds this permission for."""
        return self.filter(reach(user, permission).within(host="host_id", site="site_id"))

    def live(self, *, now: datetime | None = None) -> ContainerQuerySet:
        """Adds ``live_state`` and ``seen_at``.

        ``live_state`` is the state, or "unknown" when its host was last read too long ago;
        ``seen_at`` is when the state was last confirmed, be it by the row's own or the host's read.
        """
        fresh = Q(
            host__state=Host.State.REACHABLE,
            host__inventory_at__gte=(now or timezone.now()) - stale_after(),
        )
        return self.annotate(
            live_state=Case(When(fresh, then=F("state")), default=Value(UNKNOWN)),
            seen_at=Greatest("observed_at", Coalesce("host__inventory_at", "observed_at")),
        )


class Container(models.Model):
    """One container, as last seen. Docker's own words for state and health."""

    class State(models.TextChoices):
        CREATED = "created"
        RUNNING = "running"
        PAUSED = "paused"
        RESTARTING = "restarting"
        REMOVING = "removing"
        EXITED = "exited"
        DEAD = "dead"

    class Source(models.TextChoices):
        EVENT = "event", "Docker event"
        READ = "read", "reconciling read"
        OPERATION = "operation", "read after an operation"

    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, related_name="containers")
    site = models.ForeignKey(
        "sites.Site", on_delete=models.SET_NULL, null=True, related_name="containers"
    )
    docker_id = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    image = models.CharField(max_length=512, blank=True)
    image_id = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=12, choices=State)
    state_since = models.DateTimeField()
    health = models.CharField(max_length=12, blank=True)
    exit_code = models.IntegerField(null=True)
    restart_count = models.PositiveIntegerField(default=0)
    ports = models.JSONField(default=list)
    labels = models.JSONField(default=dict)
    # {"networks": […], "volumes": […], "needs": [services it depends on]}, each at most 50 names.
    attached = models.JSONField(default=dict)
    compose_project = models.CharField(max_length=255, blank=True)
    compose_service = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    observed_at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=Source)
    version = models.PositiveBigIntegerField(default=1)

    objects = ContainerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ("view",)
        permissions = [
            ("operate_container", "Can start, stop, restart, kill, pause and unpause containers"),
            ("remove_container", "Can remove containers"),
            ("exec_container", "Can open terminals in containers"),
            ("replay_terminal", "Can replay what was seen in terminals"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["host", "docker_id"], name="container_once_per_host")
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="container_by_name"),
            models.Index(fields=["state"], name="container_by_state"),
            models.Index(fields=["site"], name="container_by_site_id"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, self.site_id
