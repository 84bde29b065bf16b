from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q

from sites.rights import Viewer, reach


class RolloutQuerySet(models.QuerySet["Rollout"]):
    def visible_to(self, user: Viewer) -> RolloutQuerySet:
        """Whoever sees one of its sites sees it, and of its sites those: they are in ``seen``."""
        rows = RolloutSite.objects.visible_to(user)
        shown = rows.select_related("site__host", "operation").defer("operation__journal")
        seen = self.filter(Exists(rows.filter(rollout=OuterRef("pk"))))
        return seen.prefetch_related(Prefetch("sites", queryset=shown, to_attr="seen"))  # type: ignore[no-redef]

    def under_way(self) -> RolloutQuerySet:
        """Also those that were stopped while a release still runs."""
        wanted = Q(status=Rollout.Status.RUNNING) | Q(sites__status=RolloutSite.Status.RUNNING)
        return self.filter(wanted).distinct()


class Rollout(models.Model):
    """One version of a template on its way to several sites. ``message`` names none of them."""

    class Status(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"
        DONE = "done"

    template = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    wave_size = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=7, choices=Status, default=Status.RUNNING)
    message = models.TextField(blank=True)  # why it was stopped, or how it ended
    begun_by = models.CharField(max_length=150)
    # In whose name it goes on: rights are looked at again for every site.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150)
    source = models.CharField(max_length=10)
    batch = models.CharField(max_length=32)  # of all its operations
    idempotency_key = models.CharField(max_length=100, null=True)  # noqa: DJ001  (unique when set)
    last_key = models.CharField(max_length=100, blank=True)  # of the last stop or resume
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    seen: list[RolloutSite]  # of rows that `visible_to` gave
    objects = RolloutQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["begun_by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="rollout_idempotency_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.template} version {self.version}"

    @property
    def status_since(self) -> datetime:
        return self.ended_at or self.created_at


class RolloutSiteQuerySet(models.QuerySet["RolloutSite"]):
    def visible_to(self, user: Viewer) -> RolloutSiteQuerySet:
        within = reach(user, "sites.view_site").within(host="site__host_id", site="site_id")
        return self.filter(within)


class RolloutSite(models.Model):
    """One site of a rollout: the release that was prepared for it, and what became of it."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        SKIPPED = "skipped"  # somebody else changed it meanwhile

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="sites")
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, related_name="+")
    wave = models.PositiveSmallIntegerField()
    from_version = models.PositiveIntegerField(null=True)
    base = models.PositiveIntegerField()  # number of the release that was current
    number = models.PositiveIntegerField()  # of the one that was prepared
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    message = models.TextField(blank=True)  # why it failed or was skipped
    attempt = models.PositiveSmallIntegerField(default=1)
    busy_since = models.DateTimeField(null=True)  # something else is done with the site
    operation = models.ForeignKey(
        "provisioning.Operation", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = RolloutSiteQuerySet.as_manager()

    class Meta:
        ordering = ["wave", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["rollout", "site"], name="rollout_site_once")
        ]

    def __str__(self) -> str:
        return f"{self.rollout}: {self.site}"
