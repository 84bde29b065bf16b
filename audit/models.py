"""Who did what: entries that are only ever appended, each sealed with the hash of the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from audit.reach import reach

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

GENESIS_HASH = "0" * 64


class Phase(models.TextChoices):
    """An operation has an intent (before anything is done) and an outcome; the rest are events."""

    INTENT = "intent"
    OUTCOME = "outcome"
    EVENT = "event"


class Status(models.TextChoices):
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDONE = "undone"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class Source(models.TextChoices):
    CONSOLE = "console"
    API = "api"
    WS = "ws"
    COMMAND = "command"
    TASK = "task"
    SYSTEM = "system"


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: User | AnonymousUser) -> EntryQuerySet:
        """Those about hosts and sites whose audit the account may read."""
        within = reach(user, "audit.view_entry").within(host="host_id", site="site_id")
        return self.filter(within)


class Entry(models.Model):
    """One line of the audit. Written by `audit.record.record` and never changed.

    People, hosts and targets are kept by name and number, not by foreign key: the entry must
    still read when everything it names is gone.
    """

    # Numbers come from the chain's head, so that a missing number is a missing entry; a
    # database sequence leaves gaps whenever a transaction is rolled back.
    id = models.BigIntegerField(primary_key=True, editable=False)
    at = models.DateTimeField()
    phase = models.CharField(max_length=10, choices=Phase)
    action = models.CharField(max_length=100, help_text="<resource>.<verb>")
    status = models.CharField(max_length=10, choices=Status)
    target_type = models.CharField(max_length=50, blank=True)
    target_id = models.CharField(max_length=100, blank=True)
    target_name = models.CharField(max_length=255, blank=True)
    host_name = models.CharField(max_length=255, blank=True)
    # Whose audit it is part of: the keys of the host and the site it is about.
    host_id = models.BigIntegerField(null=True)
    site_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=10, choices=Source)
    remote_addr = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    operation_id = models.BigIntegerField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    output = models.TextField(blank=True)
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=100, blank=True)
    duration_ms = models.FloatField(null=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        ordering = ("-id",)
        permissions = (
            ("cleanup_entry", "Can delete entries older than the retention"),
            ("verify_entry", "Can verify the chain of entries"),
            ("export_entry", "Can export entries"),
        )
        # Each filter ends in the id, so that "newest first" is read off the index.
        indexes = (
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["target_type", "target_id", "id"], name="audit_by_target"),
            models.Index(fields=["target_name", "id"], name="audit_by_target_name"),
            models.Index(fields=["status", "id"], name="audit_by_status"),
            models.Index(fields=["actor_name", "id"], name="audit_by_actor"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(
                fields=["host_id", "id"],
                condition=Q(host_id__isnull=False),
                name="audit_by_host",
            ),
            models.Index(
                fields=["site_id", "id"],
                condition=Q(site_id__isnull=False),
                name="audit_by_site",
            ),
            models.Index(
                fields=["operation_id"],
                condition=Q(operation_id__isnull=False),
                name="audit_by_operation",
            ),
        )
        constraints = (
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="audit_phase"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="audit_status"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="audit_source"),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.action} {self.target_name} {self.status}".replace("  ", " ")


class Head(models.Model):
    """The end of the chain, in one row: whoever appends holds its lock until the commit."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    seq = models.BigIntegerField(default=0, help_text="number of the newest entry")
    hash = models.CharField(max_length=64, default=GENESIS_HASH)
    floor = models.BigIntegerField(default=1, help_text="number of the first entry kept")
    floor_hash = models.CharField(
        max_length=64, default=GENESIS_HASH, help_text="hash of the entry before the first kept"
    )
    # These two turn a range of times into a range of numbers (see audit.filters).
    latest_at = models.DateTimeField(null=True, help_text="latest time of any entry")
    clock_back = models.DurationField(
        null=True, help_text="the most an entry's time was ever behind an earlier entry's"
    )

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="audit_one_head"),
            models.CheckConstraint(
                condition=Q(floor__gte=1) & Q(floor__lte=models.F("seq") + 1),
                name="audit_floor_in_chain",
            ),
        )

    def __str__(self) -> str:
        return f"entries {self.floor} to {self.seq}"
