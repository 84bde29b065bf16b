"""Wizards nobody went on with: what they were setting up is taken back, their secrets wiped."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from audit.record import Actor, record
from provisioning.engine import EngineError
from provisioning.operations.contract import VerbError
from provisioning.wizards.models import IDLE, Wizard
from provisioning.wizards.moves import about_host
from provisioning.wizards.types import TYPES

log = logging.getLogger(__name__)
KEPT: Final = timedelta(days=30)  # after their end


def expire_idle() -> int:
    """Ends what has been idle for a week, forgets what ended a month ago; how many it ended."""
    now = timezone.now()
    idle = Wizard.objects.filter(status=Wizard.Status.ACTIVE, updated_at__lt=now - IDLE)
    ended = sum(_expire(key) for key in idle.values_list("pk", flat=True))
    Wizard.objects.filter(ended_at__lt=now - KEPT).delete()
    return ended


def _expire(key: int) -> bool:
    actor = Actor.system("upkeep")
    with transaction.atomic():
        row = Wizard.objects.select_for_update().get(pk=key)
        if row.status != Wizard.Status.ACTIVE or row.is_active:
            return False
        about = about_host(row)
        try:
            TYPES[row.kind].cancel(row, actor)
        except (EngineError, VerbError) as error:
            log.warning("wizard %s expires, but its host stays: %s", key, error.message)
        row.end(Wizard.Status.EXPIRED)
        row.save()
        record(
            phase="event",
            action="wizard.expire",
            status="succeeded",
            actor=actor,
            target_type="wizard",
            target_id=key,
            target_name=TYPES[row.kind].title,
            **about,
        )
    return True
