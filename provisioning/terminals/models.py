"""Terminals that are or were open, and what was seen in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.record import Actor
from sites.encryption import decrypt, encrypt, rotated
from sites.models import Host
from sites.rights import NOWHERE, Place, Reach, Viewer, may, reach

LEASE: Final = timedelta(seconds=20)  # of a web process on its terminal, renewed while it lives
WATCHING: Final = timedelta(seconds=6)  # after the last sign of who looks on
IN_CONTAINERS: Final = "sites.exec_container"
ON_HOSTS: Final = "sites.open_terminal"
REPLAYS: Final = "sites.replay_terminal"


class TerminalQuerySet(models.QuerySet["TerminalSession"]):
    def replayable_by(self, user: Viewer) -> TerminalQuerySet:
        """Those whose recording the account may see: it may hold what its maker was shown."""
        return self.filter(reach(user, REPLAYS).within(host="host_id", site="site_id"))

    def watchable_by(self, user: Viewer) -> TerminalQuerySet:
        """Those in places where the account could open one itself."""
        inside = reach(user, IN_CONTAINERS).within(host="host_id", site="site_id")
        outside = reach(user, ON_HOSTS).within(host="host_id", site="site_id")
        on_host = Q(docker_id="") | Q(as_host=True)
        found = self.filter((~on_host & inside) | (on_host & outside))
        if may(user, ON_HOSTS):
            return found
        return found.exclude(on_host, host__connection=Host.Connection.LOCAL)

    def open(self) -> TerminalQuerySet:
        return self.filter(ended_at=None)


class TerminalSession(models.Model):
    """One process with somebody in front of it. What it was about is kept by name as well."""

    class Recording(models.TextChoices):
        WHOLE = "whole", "whole"
        CUT = "cut", "cut short"
        FAILED = "failed", "with gaps"
        REMOVED = "removed", "removed"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    user_name = models.CharField(max_length=150)
    source = models.CharField(max_length=10)
    remote_addr = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    host = models.ForeignKey("sites.Host", on_delete=models.SET_NULL, null=True, related_name="+")
    host_name = models.CharField(max_length=63)
    site = models.ForeignKey("sites.Site", on_delete=models.SET_NULL, null=True, related_name="+")
    container = models.ForeignKey(
        "sites.Container", on_delete=models.SET_NULL, null=True, related_name="terminals"
    )
    container_name = models.CharField(max_length=255, blank=True)
    docker_id = models.CharField(max_length=64, blank=True)  # empty: the host's own terminal
    as_host = models.BooleanField(default=False)  # who commands this container commands the host

    exec_id = models.CharField(max_length=64, blank=True)
    mark = models.CharField(max_length=32)  # by which the process is found
    command = models.TextField()  # without secrets
    run_as = models.CharField(max_length=100, blank=True)
    tty = models.BooleanField(default=True)
    cols = models.PositiveSmallIntegerField(default=80)
    rows = models.PositiveSmallIntegerField(default=24)
    strict = models.BooleanField(default=True)  # no recording, no terminal

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField()
    why = models.CharField(max_length=40, blank=True)  # it ended
    exit_code = models.IntegerField(null=True)
    # The process could not be ended yet, as the host did not answer: it is tried again.
    left_over = models.BooleanField(default=False)
    try_at = models.DateTimeField(null=True)
    bytes_in = models.BigIntegerField(default=0)
    bytes_out = models.BigIntegerField(default=0)
    recording = models.CharField(max_length=8, choices=Recording, default=Recording.WHOLE)
    recorded_bytes = models.BigIntegerField(default=0)

    objects = TerminalQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = "terminal"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["lease_until"], condition=Q(ended_at=None), name="terminal_open"),
            models.Index(fields=["try_at"], condition=Q(left_over=True), name="terminal_left_over"),
        )

    def __str__(self) -> str:
        return f"{self.container_name or 'terminal'} on {self.host_name}"

    @property
    def place(self) -> Place:
        return self.host_id, self.site_id

    @property
    def permission(self) -> str:
        """What one must hold to have it open, or to look on."""
        return ON_HOSTS if self.as_host or not self.docker_id else IN_CONTAINERS

    def is_open_to(self, reaches: Mapping[str, Reach]) -> bool:
        """Whether who reaches this far may have it open. On this machine a shell reads it all."""
        found = reaches.get(self.permission, NOWHERE)
        local = self.host is not None and self.host.connection == Host.Connection.LOCAL
        if local and self.permission == ON_HOSTS:
            return found.everywhere
        return found.covers(*self.place)

    def is_of(self, exec_id: str) -> None:
        """The process that was made for it, which is not started yet."""
        self.exec_id = exec_id
        TerminalSession.objects.filter(pk=self.pk).update(exec_id=exec_id)

    @property
    def action(self) -> str:
        return "container.exec" if self.docker_id else "host.terminal"

    @property
    def actor(self) -> Actor:
        return Actor(
            user_id=self.user_id, name=self.user_name, source=self.source,
            remote_addr=self.remote_addr, user_agent=self.user_agent, request_id=self.request_id,
        )  # fmt: skip


class RecordingPiece(models.Model):
    """Some lines of a recording, in asciicast's form, encrypted: output may hold secrets."""

    session = models.ForeignKey(TerminalSession, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    encrypted = models.TextField(editable=False)
    size = models.PositiveIntegerField()  # of what is encrypted, in bytes

    class Meta:
        default_permissions = ()
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["session", "number"], name="recording_piece_once"),
        )

    def __str__(self) -> str:
        return f"{self.session_id}:{self.number}"

    @property
    def _context(self) -> str:
        return f"recording_piece:encrypted:{self.session_id}:{self.number}"

    def seal(self, text: str) -> None:
        self.encrypted, self.size = encrypt(text, context=self._context), len(text.encode())

    def reveal(self) -> str:
        return decrypt(self.encrypted, context=self._context)

    def rotate(self) -> None:
        self.encrypted = rotated(self.encrypted)


class TerminalWatcher(models.Model):
    """Somebody who looks on; as long as ``seen_at`` is renewed."""

    session = models.ForeignKey(TerminalSession, on_delete=models.CASCADE, related_name="watchers")
    name = models.CharField(max_length=150)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


def watchers_of(session: int, *, now: datetime) -> list[str]:
    """Who looks on at this moment."""
    rows = TerminalWatcher.objects.filter(session=session, seen_at__gt=now - WATCHING)
    return sorted(set(rows.values_list("name", flat=True)))
