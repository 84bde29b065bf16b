from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from provisioning.backups.judging import State, stale_after
from provisioning.backups.pattern import DEFAULT, MAX_LENGTH
from sites.rights import Viewer, reach

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BackupSourceQuerySet(models.QuerySet["BackupSource"]):
    def visible_to(self, user: Viewer) -> BackupSourceQuerySet:
        """A NAS is a host: who sees that sees it."""
        return self.filter(reach(user, "sites.view_host").within(host="nas_id"))


class BackupSource(models.Model):
    """A folder on a NAS in which backups lie, of which sites they are, and how the NAS is."""

    nas = models.ForeignKey(
        "sites.Host", on_delete=models.CASCADE, related_name="backup_sources"
    )  # fmt: skip
    root = models.CharField(
        max_length=1000,
        validators=[RegexValidator(r"^/[^\x00-\x1f\x7f]*\Z", "Give an absolute path.")],
    )
    pattern = models.CharField(max_length=MAX_LENGTH, default=DEFAULT)
    # Only there while the volume is mounted; empty: nothing tells for certain.
    marker = models.CharField(
        max_length=255,
        blank=True,
        validators=[RegexValidator(r"^[^/\x00-\x1f\x7f]+\Z", "Give the name of a file, no path.")],
    )
    every_minutes = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(5), MaxValueValidator(1440)]
    )
    # Of the usual size; a newest backup of less has shrunken.
    least_percent = models.PositiveSmallIntegerField(
        default=50, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    hosts = models.ManyToManyField("sites.Host", blank=True, related_name="backed_up_to")
    sites = models.ManyToManyField("sites.Site", blank=True, related_name="backed_up_to")

    due_at = models.DateTimeField(null=True, db_index=True)  # None: at once
    tried_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)  # the last try that worked
    known_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)  # of the last try
    error = models.TextField(blank=True)
    failing_since = models.DateTimeField(null=True)
    skew_s = models.IntegerField(null=True)  # how far its clock is ahead; None: it tells no time
    duration_ms = models.PositiveIntegerField(null=True)
    revision = models.PositiveIntegerField(default=1)  # of what an admin set

    objects = BackupSourceQuerySet.as_manager()

    class Meta:
        ordering = ("nas__name", "root")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("nas", "root"), name="backup_source_once_per_nas"),
        )

    def __str__(self) -> str:
        return f"{self.nas.name}:{self.root}"

    @property
    def place(self) -> tuple[int | None, int | None]:
        return self.nas_id, None

    def connected(self, *, now: datetime) -> bool | None:
        """None: nobody has looked yet, or not for too long."""
        if self.error_code:
            return False
        return True if self.known_until is not None and self.known_until >= now else None


class SiteBackupQuerySet(models.QuerySet["SiteBackup"]):
    def visible_to(self, user: Viewer) -> SiteBackupQuerySet:
        within = reach(user, "sites.view_site").within(host="site__host_id", site="site_id")
        return self.filter(within)

    def live(self, *, now: datetime | None = None) -> Any:
        """Adds ``live_state``, as `judging.state_of` has it; ``rank``, the worst first; ``since``,
        the time of the newest, long ago where there is none."""
        ranks = [When(live_state=state, then=Value(rank)) for rank, state in enumerate(State)]
        return self.annotate(live_state=_state(now or timezone.now())).annotate(
            rank=Case(*ranks, default=Value(0), output_field=models.IntegerField()),
            since=Coalesce("newest_at", Value(_NEVER)),
        )


class SiteBackup(models.Model):
    """What was last seen of a site's backups. There is one for each site that is to have some."""

    site = models.OneToOneField(
        "sites.Site", on_delete=models.CASCADE, primary_key=True, related_name="backup"
    )
    source = models.ForeignKey(BackupSource, on_delete=models.CASCADE, related_name="backups")
    read_at = models.DateTimeField(null=True)  # when its folder was last read
    known_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)  # why its own folder could not be read at the last try
    count = models.PositiveIntegerField(default=0)
    newest_name = models.CharField(max_length=255, blank=True)
    newest_at = models.DateTimeField(null=True)
    newest_bytes = models.BigIntegerField(null=True)
    usual_bytes = models.BigIntegerField(null=True)
    shrunken = models.BooleanField(default=False)
    ahead = models.BooleanField(default=False)  # the newest is dated in the future
    kept = models.JSONField(default=list)  # the newest ones: [{"name": …, "at": …}, …]
    unfinished = models.JSONField(default=list)

    objects = SiteBackupQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = "site with backups"
        verbose_name_plural = "sites with backups"

    def __str__(self) -> str:
        return f"backups of {self.site}"


def _state(now: datetime) -> Case:
    known = Q(source__error_code="", source__read_at__isnull=False, error="", known_until__gte=now)
    return Case(
        When(known & (Q(count=0) | Q(newest_at=None)), then=Value(State.MISSING)),
        When(known & Q(newest_at__lt=now - stale_after()), then=Value(State.STALE)),
        When(known & Q(shrunken=True), then=Value(State.SHRUNKEN)),
        When(known, then=Value(State.FRESH)),
        default=Value(State.UNKNOWN),
        output_field=models.CharField(),
    )
