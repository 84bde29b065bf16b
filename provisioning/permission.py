"""Whether an actor may: asked anew each time, so that rights taken away count at once."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Model

from audit.actor import Actor
from sites.rights import EVERYWHERE, NOWHERE, Reach, place_of, reach

# Who runs a command on this machine holds its database and keys already.
_TRUSTED_SOURCES = {"command", "system", "task"}


def holds(actor: Actor, permission: str, thing: Model | None) -> bool:
    """For this thing; None stands for everything, as what is new has no place yet."""
    return reach_of(actor, permission).covers(*place_of(thing))


def reach_of(actor: Actor, permission: str) -> Reach:
    """For whoever asks about many things: read once."""
    if actor.source in _TRUSTED_SOURCES:
        return EVERYWHERE
    user = User.objects.filter(pk=actor.user_id).first() if actor.user_id else None
    if user is not None:
        user.scopes = actor.scopes  # type: ignore[attr-defined]
    return reach(user, permission) if user else NOWHERE
