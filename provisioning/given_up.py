"""What has rested in quarantine for its time is destroyed, if that was asked for by setting."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from audit.actor import Actor
from provisioning import engine
from provisioning.engine.errors import EngineError
from provisioning.models import Operation
from provisioning.quarantine.models import Quarantine

log = logging.getLogger(__name__)

KIND: Final = "quarantine.purge"
AGAIN: Final = timedelta(days=1)  # a host that cannot be reached is not asked every hour


def purge_given_up() -> int:
    """Starts an operation for each that counts as given up; how many were started."""
    if not settings.QUARANTINE_PURGE:
        return 0
    now = timezone.now()
    tried = Operation.objects.filter(kind=KIND, created_at__gt=now - AGAIN)
    rows = Quarantine.objects.filter(until__lt=now).exclude(pk__in=tried.values("target_id"))
    return sum(map(_started, rows.select_related("host")))


def _started(row: Quarantine) -> bool:
    try:
        engine.start(KIND, row, actor=Actor.system("quarantine"), confirm_name=str(row))
    except EngineError as error:  # somebody else is at it
        log.info("%s stays in quarantine for now: %s", row, error.message)
        return False
    return True
