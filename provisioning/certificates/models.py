from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from provisioning.certificates.judging import STALE_AFTER, State
from sites.models import Domain, Host
from sites.models.domain import DomainQuerySet
from sites.models.host import stale_after

_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


class CertificateCheck(models.Model):
    """What was last seen of a domain's certificate. Each part has the time when it was seen."""

    class Outcome(models.TextChoices):
        """Of the last try. ``UNASKED``: the host could not be asked, all else is older."""

        SERVED = "served"
        SILENT = "silent"
        UNASKED = "unasked"

    domain = models.OneToOneField(
        "sites.Domain",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="certificate_check",
    )
    due_at = models.DateTimeField(null=True, db_index=True)  # None: at once
    tried_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    error = models.TextField(blank=True)
    checked_at = models.DateTimeField(null=True)  # the last try in which the host was asked

    served = models.JSONField(default=dict)  # {"chain": [{"subject": …}, …]}
    served_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True)
    soon_at = models.DateTimeField(null=True)
    name_fits = models.BooleanField(null=True)

    stored = models.JSONField(default=dict)  # as served; empty: none is kept
    stored_at = models.DateTimeField(null=True)
    stored_error = models.TextField(blank=True)
    same = models.BooleanField(null=True)  # None: not compared

    dns = models.JSONField(default=dict)  # {"addresses": [], "leads": "", "error": ""}
    dns_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"certificate of {self.domain}"


class CertificateQuerySet(DomainQuerySet):
    def live(self, *, now: datetime | None = None) -> Any:
        """Adds ``live_state``, as `judging.state_of` has it; ``rank``, the worst first; ``ends``.

        One that nobody has looked at for too long, or whose host nobody sees, is unknown.
        """
        now = now or timezone.now()
        ranks = [When(live_state=state, then=Value(rank)) for rank, state in enumerate(State)]
        return self.select_related("certificate_check").annotate(
            live_state=_state(now),
            rank=Case(*ranks, default=Value(0), output_field=models.IntegerField()),
            ends=Coalesce("certificate_check__not_after", Value(_NEVER)),
        )

    def ending_within(self, period: timedelta, *, now: datetime | None = None) -> Any:
        until = (now or timezone.now()) + period
        return self.exclude(tls=Domain.Tls.OFF).filter(certificate_check__not_after__lt=until)


class Certificate(Domain):
    """A domain, seen as its certificate; also one that has none, or was not looked at yet."""

    objects = CertificateQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        proxy = True
        default_permissions = ()
        ordering = ()  # each list has its own, and says so

    @property
    def seen(self) -> CertificateCheck:
        """An empty one, not saved, before the first look."""
        found: CertificateCheck | None = getattr(self, "certificate_check", None)
        return found or CertificateCheck(domain_id=self.pk)


def _state(now: datetime) -> Case:
    """Each line says what it needs: of what was never looked at, everything is NULL."""

    def seen(**values: Any) -> Q:
        return Q(**{f"certificate_check__{name}": value for name, value in values.items()})

    silent, served = CertificateCheck.Outcome.SILENT, CertificateCheck.Outcome.SERVED
    fresh = seen(checked_at__gte=now - STALE_AFTER) & Q(
        host__state=Host.State.REACHABLE, host__inventory_at__gte=now - stale_after()
    )
    known = fresh & seen(outcome=served, not_before__isnull=False, not_after__isnull=False)
    silent_or_empty = seen(outcome=silent) | seen(outcome=served)
    return Case(
        When(Q(tls=Domain.Tls.OFF), then=Value(State.OFF)),
        When(known & seen(not_after__lte=now), then=Value(State.EXPIRED)),
        When(known & seen(not_before__gt=now), then=Value(State.NOT_YET)),
        When(known & (seen(name_fits=False) | seen(name_fits=None)), then=Value(State.WRONG_NAME)),
        When(known & seen(same=False), then=Value(State.DIFFERS)),
        When(known & seen(soon_at__lte=now), then=Value(State.SOON)),
        When(known, then=Value(State.OK)),
        When(fresh & silent_or_empty, then=Value(State.NO_ANSWER)),
        default=Value(State.UNKNOWN),
        output_field=models.CharField(),
    )


def check_soon(domains: models.QuerySet[Domain]) -> None:
    """They are looked at within seconds, by the monitor."""
    CertificateCheck.objects.filter(domain__in=domains).update(due_at=timezone.now())
