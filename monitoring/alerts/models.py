from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from monitoring.alerts.kinds import Severity, Type
from sites.rights import Viewer, may, reach

# What one must hold, for the place of the alert, to see one about such a thing and to act on it.
SEEN_BY = {
    Type.HOST: "sites.view_host",
    Type.DISK: "sites.view_host",
    Type.SITE: "sites.view_site",
    Type.DOMAIN: "sites.view_site",
    Type.CONTAINER: "sites.view_container",
    Type.OPERATION: "provisioning.view_operation",
}
ACTED_ON_BY = {
    Type.HOST: "sites.operate_host",
    Type.DISK: "sites.operate_host",
    Type.SITE: "sites.operate_site",
    Type.DOMAIN: "sites.operate_site",
    Type.CONTAINER: "sites.operate_container",
    Type.OPERATION: "provisioning.cancel_operation",
}


class Rule(models.Model):
    """What is called an alert. One of SiteFlow's own has a ``shipped`` name and can be restored."""

    class Direction(models.TextChoices):
        ABOVE = "above"
        BELOW = "below"

    name = models.CharField(max_length=100)
    shipped = models.CharField(max_length=40, blank=True, editable=False)
    kind = models.CharField(max_length=20)  # one of kinds.Kind
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.WARNING)
    enabled = models.BooleanField(default=True)
    for_s = models.PositiveIntegerField(default=60)  # so long before it is told
    clear_for_s = models.PositiveIntegerField(default=60)  # so long well before it is over
    # Of a threshold: of what, which value, and where it is passed and where left again.
    of = models.CharField(max_length=9, blank=True)
    metric = models.CharField(max_length=40, blank=True)
    direction = models.CharField(max_length=5, choices=Direction, default=Direction.ABOVE)
    threshold = models.FloatField(null=True)
    clear_threshold = models.FloatField(null=True)  # None: the threshold itself
    # None of them: everything.
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, null=True, related_name="+")
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, null=True, related_name="+")
    tag = models.ForeignKey("sites.Tag", on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=150, blank=True)
    idempotency_key = models.CharField(max_length=100, null=True)  # noqa: DJ001  (unique when set)

    class Meta:
        ordering = ["kind", "name", "pk"]
        default_permissions = ()
        permissions = [("manage_rule", "Can change what is an alert")]
        constraints = [
            models.UniqueConstraint(
                fields=["shipped"], condition=~Q(shipped=""), name="rule_shipped_once"
            ),
            models.CheckConstraint(
                condition=Q(host=None, site=None) | Q(host=None, tag=None) | Q(site=None, tag=None),
                name="rule_for_one",
            ),
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="rule_idempotency_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> str:
        """What it is for, in words."""
        for kind in ("host", "site", "tag"):
            if thing := getattr(self, kind):
                return f"{kind} {thing}"
        return "everything"


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, user: Viewer) -> AlertQuerySet:
        """Whoever sees what it is about sees it."""
        return self.filter(within(user, SEEN_BY))

    def open(self) -> AlertQuerySet:
        return self.filter(state__in=Alert.OPEN)

    def firing(self) -> AlertQuerySet:
        return self.filter(state=Alert.State.FIRING)


def within(user: Viewer, permissions: dict[Any, str]) -> Q:
    found = Q(pk__in=())
    for kind, permission in permissions.items():
        found |= Q(subject_type=kind) & reach(user, permission).within(
            host="host_id", site="site_id"
        )
    return found


class Alert(models.Model):
    """One thing that one rule found wrong, from the first sight of it until it was over."""

    class State(models.TextChoices):
        PENDING = "pending"  # not for long enough yet
        FIRING = "firing"
        RESOLVED = "resolved"

    OPEN = (State.PENDING, State.FIRING)

    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, null=True, related_name="+")
    rule_name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)  # one of kinds.Kind
    severity = models.CharField(max_length=8, choices=Severity)
    rank = models.PositiveSmallIntegerField()  # of the severity, the worst is 0
    step = models.PositiveSmallIntegerField(default=0)  # rises when it gets worse in itself
    # "container:7", "disk:2:/var": what it is about, whatever becomes of its row.
    subject = models.CharField(max_length=320)
    subject_type = models.CharField(max_length=9, choices=Type)
    subject_id = models.BigIntegerField(null=True)
    subject_name = models.CharField(max_length=320)
    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, null=True, related_name="+")
    host_name = models.CharField(max_length=63, blank=True)
    site = models.ForeignKey("sites.Site", on_delete=models.SET_NULL, null=True, related_name="+")
    site_name = models.CharField(max_length=255, blank=True)

    state = models.CharField(max_length=8, choices=State)
    message = models.TextField(blank=True)  # what is wrong, in a sentence
    value = models.FloatField(null=True)
    cause = models.JSONField(default=dict)  # see causes.py
    log = models.JSONField(null=True)  # the container's last lines; None: not read
    pending_at = models.DateTimeField()
    firing_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()  # when it was last known to be so
    clear_since = models.DateTimeField(null=True)
    unseen_since = models.DateTimeField(null=True)
    unseen_because = models.TextField(blank=True)
    flaps = models.PositiveSmallIntegerField(default=0)

    told_at = models.DateTimeField(null=True)  # when those who get notices were first told
    told_step = models.PositiveSmallIntegerField(default=0)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(blank=True)
    muted_until = models.DateTimeField(null=True)
    muted_by = models.CharField(max_length=150, blank=True)
    maintenance_until = models.DateTimeField(null=True)  # of the window it lies in now
    version = models.PositiveBigIntegerField(default=1)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"],
                condition=Q(state__in=("pending", "firing")),
                name="alert_open_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["state", "host"],
                condition=Q(state__in=("pending", "firing")),
                name="alert_open",
            ),
            models.Index(fields=["resolved_at"], name="alert_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_name}: {self.subject_name}"

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, self.site_id

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class AlertEvent(models.Model):
    """One line of an alert's timeline."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    what = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.what} {self.at:%H:%M:%S}"


class MaintenanceQuerySet(models.QuerySet["Maintenance"]):
    def visible_to(self, user: Viewer) -> MaintenanceQuerySet:
        """Those for a tag or for everything: to who sees every host."""
        hosts, sites = reach(user, "sites.view_host"), reach(user, "sites.view_site")
        found = Q(host__isnull=False) & hosts.within(host="host_id")
        found |= Q(site__isnull=False) & sites.within(host="site__host_id", site="site_id")
        if may(user, "sites.view_host"):
            found |= Q(host=None, site=None)
        return self.filter(found)

    def at(self, now: Any) -> MaintenanceQuerySet:
        return self.filter(begins_at__lte=now, ends_at__gt=now)


class Maintenance(models.Model):
    """A time in which nobody is told of a host, a site, what carries a tag, or anything at all."""

    host = models.ForeignKey("sites.Host", on_delete=models.CASCADE, null=True, related_name="+")
    site = models.ForeignKey("sites.Site", on_delete=models.CASCADE, null=True, related_name="+")
    tag = models.ForeignKey("sites.Tag", on_delete=models.CASCADE, null=True, related_name="+")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    why = models.CharField(max_length=300)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    idempotency_key = models.CharField(max_length=100, null=True)  # noqa: DJ001  (unique when set)

    objects = MaintenanceQuerySet.as_manager()

    class Meta:
        ordering = ["-begins_at", "-pk"]
        verbose_name = "maintenance window"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(host=None, site=None) | Q(host=None, tag=None) | Q(site=None, tag=None),
                name="maintenance_for_one",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begins_at")), name="maintenance_ends_later"
            ),
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="maintenance_idempotency_key",
            ),
        ]

    def __str__(self) -> str:
        return f"maintenance of {self.scope}"

    @property
    def scope(self) -> str:
        for kind in ("host", "site", "tag"):
            if thing := getattr(self, kind):
                return f"{kind} {thing}"
        return "everything"

    @property
    def place(self) -> tuple[int | None, int | None]:
        if self.site is not None:
            return self.site.host_id, self.site_id
        return self.host_id, None


class SiteProbe(models.Model):
    """What a site last answered its own host, and when it is asked again."""

    class Outcome(models.TextChoices):
        """``UNASKED``: the host could not be asked, so nothing is known of the site."""

        ANSWERED = "answered"
        SILENT = "silent"
        UNASKED = "unasked"

    site = models.OneToOneField(
        "sites.Site", on_delete=models.CASCADE, primary_key=True, related_name="probe"
    )
    due_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)  # the last try in which the host was asked
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    url = models.CharField(max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"probe of {self.site}"


class Turn(models.Model):
    """The one row that a monitor locks while it judges: nothing is judged twice at once.

    ``resumed_at`` is since when somebody judges without a break.
    """

    at = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"turn at {self.at}"
