"""A file that a living queue touches; the supervisor restarts workers that let it grow old."""

from __future__ import annotations

from django.conf import settings


def touch() -> None:
    path = settings.DATA_DIR / "run" / "worker.alive"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
