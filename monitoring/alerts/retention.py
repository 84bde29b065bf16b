"""How long what is over is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from monitoring.alerts.models import Alert, Maintenance

KEPT: Final = timedelta(days=90)
_AT_ONCE: Final = 1000


def forget() -> None:
    """Alerts and maintenance windows that were over so long ago, a few at a time."""
    oldest = timezone.now() - KEPT
    ended = Alert.objects.filter(state=Alert.State.RESOLVED, resolved_at__lt=oldest)
    while keys := list(ended.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        Alert.objects.filter(pk__in=keys).delete()
    Maintenance.objects.filter(ends_at__lt=oldest).delete()
