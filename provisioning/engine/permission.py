"""Whether an actor may: asked anew each time, so that rights taken away count at once."""

from __future__ import annotations

from django.contrib.auth.models import User

from audit.actor import Actor
from sites.rights import may

# Who runs a command on this machine holds its database and keys already.
_TRUSTED_SOURCES = {"command", "system", "task"}


def holds(actor: Actor, permission: str) -> bool:
    if actor.source in _TRUSTED_SOURCES:
        return True
    if actor.user_id is None:
        return False
    user = User.objects.filter(pk=actor.user_id).first()
    return user is not None and may(user, permission)
