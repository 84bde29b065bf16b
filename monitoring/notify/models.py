"""Channels, and what is to be told or was told through them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sites.encryption import decrypt, encrypt, rotated


class Severity(models.TextChoices):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Channel(models.Model):
    """A way to tell somebody. Its address holds secrets: it is written once, read by senders only.

    ``kind`` and ``hint`` are what may be shown of the address. One sender at a time holds a
    channel, by a lease, so that its messages keep their order.
    """

    class Scope(models.TextChoices):
        EVERYTHING = "everything"
        HOST = "host"
        SITE = "site"
        TAG = "tag"

    name = models.CharField(max_length=100, unique=True)
    encrypted = models.TextField(editable=False)
    kind = models.CharField(max_length=20, editable=False)  # schema of its address
    hint = models.CharField(max_length=100, blank=True, editable=False)
    min_severity = models.CharField(
        "least severity", max_length=8, choices=Severity, default=Severity.WARNING
    )
    # Kept beside the keys: a channel for a host that is gone tells nothing, and not everything.
    scope = models.CharField("tells of", max_length=10, choices=Scope, default=Scope.EVERYTHING)
    host = models.ForeignKey(
        "sites.Host", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    site = models.ForeignKey(
        "sites.Site", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    tag = models.ForeignKey(
        "sites.Tag", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    resolved = models.BooleanField("also tells what is over", default=True)
    enabled = models.BooleanField("on", default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    idempotency_key = models.CharField(max_length=100, null=True, editable=False)  # noqa: DJ001  (unique when set)
    held_by = models.CharField(max_length=64, blank=True, editable=False)
    held_until = models.DateTimeField(null=True, editable=False)
    # While it fails: when it is tried again. News does not wait that long, see `queueing`.
    retry_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        default_permissions = ()
        permissions = [("manage_channel", "Can manage channels of notifications")]
        constraints = [
            models.CheckConstraint(
                condition=(Q(host=None) | Q(scope="host"))
                & (Q(site=None) | Q(scope="site"))
                & (Q(tag=None) | Q(scope="tag")),
                name="channel_for_its_scope",
            ),
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="channel_idempotency_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def _context(self) -> str:
        return f"monitoring_channel:{self.pk}:encrypted"

    def seal(self, url: str) -> None:
        """Stores its address, encrypted and bound to this row, which has to be saved before."""
        self.encrypted = encrypt(url, context=self._context)

    def reveal(self) -> str:
        """The address with its secrets, for a sender and nobody else; raises CannotDecrypt."""
        return decrypt(self.encrypted, context=self._context)

    def rotate(self) -> None:
        """Encrypts the address anew with the newest key; the caller saves."""
        self.encrypted = rotated(self.encrypted)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def active(self) -> DeliveryQuerySet:
        return self.filter(state__in=Delivery.ACTIVE)


class Delivery(models.Model):
    """One notice on its way through one channel. The row is the truth; there is no other queue."""

    class State(models.TextChoices):
        WAITING = "waiting"  # not tried yet
        FAILED = "failed"  # tried, and will be again
        SENT = "sent"
        GIVEN_UP = "given_up"

    class Kind(models.TextChoices):
        FIRING = "firing"
        RESOLVED = "resolved"
        TEST = "test"

    ACTIVE = (State.WAITING, State.FAILED)

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind)
    severity = models.CharField(max_length=8, choices=Severity)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    path = models.CharField(max_length=300, blank=True)
    host = models.ForeignKey("sites.Host", on_delete=models.SET_NULL, null=True, related_name="+")
    site = models.ForeignKey("sites.Site", on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=150, blank=True)  # a test
    idempotency_key = models.CharField(max_length=100, null=True)  # noqa: DJ001  (unique when set)
    error = models.TextField(blank=True)  # why the last attempt failed, without the address

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state__in=("waiting", "failed")),
                name="delivery_next",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="delivery_idempotency_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} through {self.channel}"
