"""What a worker does with what waits in somebody's name."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from provisioning import engine
from provisioning.engine import worker
from provisioning.models import Operation
from provisioning.operations import VERBS
from tests.provisioning.rows import COMMAND


def worked(user: User, kind: str, key: int) -> int:
    """403 when nothing was begun for want of the right, else 202. Nothing of it is kept."""
    target = VERBS[kind].target
    assert target is not None
    with transaction.atomic():
        Operation.objects.active().update(status="failed")
        thing = target._default_manager.get(pk=key)
        row = engine.start(kind, thing, actor=COMMAND, confirm_name=str(thing))
        Operation.objects.filter(pk=row.pk).update(
            actor=user, actor_name=user.username, source="console"
        )
        taken = worker.claim(row.pk)
        assert taken is not None
        worker._run(taken)
        code = Operation.objects.values_list("error_code", flat=True).get(pk=row.pk)
        transaction.set_rollback(True)
    return 403 if code == "forbidden" else 202
