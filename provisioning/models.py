"""Operations: each run of a verb on a target, from acceptance to its outcome."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from sites.rights import Viewer, reach

LEASE = timedelta(seconds=15)  # of a worker on its operation, renewed while it lives


class OperationQuerySet(models.QuerySet["Operation"]):
    def visible_to(self, user: Viewer) -> OperationQuerySet:
        within = reach(user, "provisioning.view_operation").within(host="host_id", site="site_id")
        return self.filter(within)

    def active(self) -> OperationQuerySet:
        return self.filter(status__in=Operation.ACTIVE)


class Operation(models.Model):
    """One run of a verb on a target by an actor. The row is the truth; the queue only rings."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        UNDONE = "undone"
        CANCELLED = "cancelled"

    ACTIVE = (Status.QUEUED, Status.RUNNING)

    kind = models.CharField(max_length=60)
    target_type = models.CharField(max_length=20)
    target_id = models.BigIntegerField(null=True)
    target_name = models.CharField(max_length=255)
    host = models.ForeignKey("sites.Host", on_delete=models.SET_NULL, null=True, related_name="+")
    host_name = models.CharField(max_length=63, blank=True)
    site = models.ForeignKey("sites.Site", on_delete=models.SET_NULL, null=True, related_name="+")
    params = models.JSONField(default=dict)
    batch = models.CharField(max_length=32, blank=True)  # operations that were asked for together
    retry_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150)
    source = models.CharField(max_length=10)  # console, api, ws, command, task, system
    remote_addr = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=100, null=True)  # noqa: DJ001  (unique when set)

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    # What no other active operation may hold, such as "container:7".
    lock = models.CharField(max_length=80, blank=True)
    percent = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=80, blank=True)
    message = models.TextField(blank=True)  # one sentence for people, once it ended
    advice = models.TextField(blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    result = models.JSONField(default=dict)
    journal = models.JSONField(default=dict)  # what a step must know when another worker takes over
    lines = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    rung_at = models.DateTimeField(null=True)  # when the doorbell last rang
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.CharField(max_length=150, blank=True)
    version = models.PositiveBigIntegerField(default=1)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("cancel_operation", "Can cancel and retry operations")]
        constraints = [
            models.UniqueConstraint(
                fields=["lock"],
                condition=Q(status__in=("queued", "running")) & ~Q(lock=""),
                name="operation_lock",
            ),
            models.UniqueConstraint(
                fields=["actor_name", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="operation_idempotency_key",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "id"],
                condition=Q(status__in=("queued", "running")),
                name="operation_active",
            ),
            models.Index(fields=["target_type", "target_id", "-id"], name="operation_by_target"),
            models.Index(fields=["status", "-id"], name="operation_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_name}"

    @property
    def label(self) -> str:
        """The verb in words, such as "Restart shop-web"; "Sync proxy web1" of a part of a host."""
        of, _, name = self.kind.partition(".")
        words = [name.replace("-", " ").capitalize(), self.target_name]
        if self.target_type and of != self.target_type:
            words.insert(1, of)
        return " ".join(words).strip()

    @property
    def status_since(self) -> datetime:
        """Since when it is queued, runs, or has ended."""
        return self.finished_at or self.started_at or self.created_at

    @property
    def observed_at(self) -> datetime:
        """When its status was last confirmed: while it runs, when its worker last showed itself."""
        if self.status == self.Status.RUNNING and self.lease_until is not None:
            return self.lease_until - LEASE
        return self.status_since

    @property
    def observed_by(self) -> str:
        return "queue" if self.status == self.Status.QUEUED else "worker"

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.host_id, self.site_id

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE


class Step(models.Model):
    """One step of an operation, written before it begins and again when it ends."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=80)
    percent = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Operation.Status)
    error = models.TextField(blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class OutputLine(models.Model):
    """One line an operation printed. Numbered from 1 without gaps."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="output")
    number = models.PositiveIntegerField()
    stream = models.CharField(max_length=6)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["operation", "number"], name="output_line_number")
        ]

    def __str__(self) -> str:
        return self.text


class SealedParams(models.Model):
    """What an operation was asked for with, secrets included; gone as soon as it has ended."""

    operation = models.OneToOneField(
        Operation, on_delete=models.CASCADE, primary_key=True, related_name="sealed"
    )
    encrypted = models.TextField(editable=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"of operation {self.pk}"


# Django looks for models in here.
from provisioning.backups.models import BackupSource, SiteBackup  # noqa: E402
from provisioning.certificates.models import Certificate, CertificateCheck  # noqa: E402
from provisioning.log_archive.models import LogArchive  # noqa: E402
from provisioning.proxy.models import Proxy  # noqa: E402
from provisioning.quarantine.models import Quarantine  # noqa: E402
from provisioning.releases.models import Release  # noqa: E402
from provisioning.rollouts.models import Rollout, RolloutSite  # noqa: E402
from provisioning.site_templates.models import SiteTemplate, TemplateVersion  # noqa: E402
from provisioning.terminals.models import (  # noqa: E402
    RecordingPiece,
    TerminalSession,
    TerminalWatcher,
)
from provisioning.things.models import DiskMeasure, RegistryCheck  # noqa: E402
from provisioning.wizards.models import Wizard  # noqa: E402

__all__ = [
    "BackupSource", "Certificate", "CertificateCheck", "DiskMeasure", "LogArchive", "Operation",
    "OutputLine", "Proxy", "Quarantine", "RecordingPiece", "RegistryCheck", "Release", "Rollout",
    "RolloutSite", "SiteBackup", "SiteTemplate", "Step", "TemplateVersion", "TerminalSession",
    "TerminalWatcher", "Wizard",
]  # fmt: skip
