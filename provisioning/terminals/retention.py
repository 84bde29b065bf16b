"""Recordings are kept for a while and up to a size, the newest longest; their rows stay."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils import timezone

from provisioning.terminals.models import RecordingPiece, TerminalSession, TerminalWatcher

_AT_ONCE = 200


def forget() -> int:
    """Removes what is too old or too much; how many recordings."""
    now = timezone.now()
    TerminalWatcher.objects.filter(seen_at__lt=now - timedelta(hours=1)).delete()
    kept = TerminalSession.objects.exclude(ended_at=None).exclude(
        recording=TerminalSession.Recording.REMOVED
    )
    old = kept.filter(ended_at__lt=now - timedelta(days=settings.RECORDING_RETENTION_DAYS))
    gone = 0
    while keys := list(old.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        gone += _remove(keys)
    return gone + _fit(kept)


def _fit(kept: QuerySet[TerminalSession]) -> int:
    """The oldest go until the rest fits."""
    size = RecordingPiece.objects.aggregate(size=Sum("size"))["size"] or 0
    too_much = size - (settings.RECORDINGS_MAX_MB << 20)
    keys = []
    for key, taken in kept.order_by("pk").values_list("pk", "recorded_bytes"):
        if too_much <= 0:
            break
        too_much -= taken
        keys.append(key)
    return sum(_remove(keys[at : at + _AT_ONCE]) for at in range(0, len(keys), _AT_ONCE))


def _remove(keys: list[int]) -> int:
    RecordingPiece.objects.filter(session__in=keys).delete()
    rows = TerminalSession.objects.filter(pk__in=keys)
    return rows.update(recording=TerminalSession.Recording.REMOVED, recorded_bytes=0)
