from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from sites.fingerprint import fingerprint
from sites.rights import Viewer, reach


def stale_after() -> timedelta:
    """How old the last look at a host may be before its state counts as unknown.

    Four reads missed, or one and 45 s where reads are rare; never less than 15 s.
    """
    interval = timedelta(seconds=settings.MONITOR_INTERVAL_S)
    return max(timedelta(seconds=15), min(4 * interval, interval + timedelta(seconds=45)))


class HostQuerySet(models.QuerySet["Host"]):
    def visible_to(self, user: Viewer) -> HostQuerySet:
        return self.open_to(user, "sites.view_host")

    def open_to(self, user: Viewer, permission: str) -> HostQuerySet:
        """Those that an account holds this permission for."""
        return self.filter(reach(user, permission).within(host="pk"))


class Host(models.Model):
    """A machine that runs containers, and what we last knew of it."""

    class Connection(models.TextChoices):
        SSH = "ssh", "SSH"
        LOCAL = "local", "Local Docker socket"

    class State(models.TextChoices):
        SETUP_PENDING = "setup_pending", "being set up"
        NEW = "new", "not looked at yet"
        KEY_UNAPPROVED = "key_unapproved", "host key to approve"
        KEY_CHANGED = "key_changed", "host key changed"
        REACHABLE = "reachable", "reachable"
        NO_DOCKER = "no_docker", "reachable, Docker is not"
        UNREACHABLE = "unreachable", "unreachable"

    class Terminals(models.TextChoices):
        STRICT = "strict", "only while they can be recorded"
        BUFFERED = "buffered", "recorded as far as possible"
        OFF = "off", "none"

    name = models.CharField(
        max_length=63,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z", "Use a–z, 0–9, dots and hyphens.")
        ],
        help_text="A short name of your own, such as web1.",
    )
    connection = models.CharField(max_length=5, choices=Connection, default=Connection.SSH)
    address = models.CharField(
        max_length=253,
        blank=True,
        validators=[
            RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9.:_-]*\Z", "Give a host name or an IP address.")
        ],
    )
    port = models.PositiveIntegerField(
        default=22, validators=[MinValueValidator(1), MaxValueValidator(65_535)]
    )
    username = models.CharField(
        max_length=32,
        blank=True,
        validators=[RegexValidator(r"^[A-Za-z_][A-Za-z0-9_.-]*\$?\Z", "Not a Unix user name.")],
    )
    credential = models.OneToOneField(
        "sites.Credential", on_delete=models.PROTECT, null=True, blank=True, related_name="host"
    )
    sudo = models.BooleanField(
        default=False, help_text="Run docker and systemctl with sudo (without a password)."
    )
    via = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="leads_to",
        verbose_name="jump host",
    )
    docker_socket = models.CharField(
        max_length=200,
        default="/var/run/docker.sock",
        validators=[RegexValidator(r"^/[A-Za-z0-9/._-]+\Z", "Give an absolute path.")],
    )
    sites_root = models.CharField(
        max_length=200,
        default="/srv",
        validators=[RegexValidator(r"^(/[A-Za-z0-9._-]+)+\Z", "Give an absolute path.")],
        help_text="Sites live below it, in <tenant>/<site>.",
    )
    terminals = models.CharField(
        max_length=8, choices=Terminals, default=Terminals.STRICT, editable=False
    )
    connect_timeout_s = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    command_timeout_s = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )

    host_key = models.TextField(blank=True, editable=False)  # approved: "ssh-ed25519 AAAA…"
    offered_key = models.TextField(blank=True, editable=False)  # seen on the wire, not approved
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = models.CharField(max_length=150, blank=True, editable=False)

    state = models.CharField(max_length=16, choices=State, default=State.NEW, editable=False)
    state_since = models.DateTimeField(default=timezone.now, editable=False)
    error_code = models.CharField(max_length=40, blank=True, editable=False)
    error = models.TextField(blank=True, editable=False)
    advice = models.TextField(blank=True, editable=False)
    observed_at = models.DateTimeField(null=True, editable=False)  # last attempt that had an answer
    inventory_at = models.DateTimeField(null=True, editable=False)  # last full look at containers
    preflight = models.JSONField(default=list, editable=False)
    preflight_at = models.DateTimeField(null=True, editable=False)
    facts = models.JSONField(default=dict, editable=False)
    facts_at = models.DateTimeField(null=True, editable=False)
    services = models.JSONField(default=list, editable=False)
    services_at = models.DateTimeField(null=True, editable=False)
    monitored_by = models.CharField(max_length=64, blank=True, editable=False)
    monitored_until = models.DateTimeField(null=True, editable=False)
    tags = models.ManyToManyField("sites.Tag", blank=True, related_name="hosts")
    created_at = models.DateTimeField(auto_now_add=True)
    # Grows with each change of how to reach it: who holds a connection sees that it is outdated.
    revision = models.PositiveIntegerField(default=1, editable=False)
    version = models.PositiveBigIntegerField(default=1, editable=False)

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [
            ("operate_host", "Can test, refresh and restart services of hosts"),
            ("manage_host", "Can add, change and remove hosts and approve their keys"),
            ("open_terminal", "Can open terminals on hosts themselves"),
        ]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="host_name_unique_caseless"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_pending(self) -> bool:
        """Not confirmed yet: nobody watches it, and nothing but its test is done on it."""
        return self.state == self.State.SETUP_PENDING

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.pk, None

    @property
    def host_key_fingerprint(self) -> str:
        return fingerprint(self.host_key)

    @property
    def offered_fingerprint(self) -> str:
        return fingerprint(self.offered_key)
