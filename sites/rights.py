"""Who may: with ``visible_to`` of the querysets, the only door to what an account may do.

`sites.roles.RoleBackend` decides; everybody else asks here.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from audit.reach import EVERYWHERE, NOWHERE, Reach, reach

__all__ = [
    "EVERYWHERE", "NOWHERE", "Reach", "Viewer", "may", "may_on", "may_somewhere", "place_of",
    "reach",
]  # fmt: skip
Viewer = User | AnonymousUser
Place = tuple[int | None, int | None]


def place_of(thing: Model | None) -> Place:
    """The keys of the host and of the site that a host, site, container or operation is part of."""
    if thing is None:
        return None, None
    with_place: Any = thing
    found: Place = with_place.place
    return found


def may(user: Viewer, permission: str) -> bool:
    """Whether an account holds a permission for everything there is."""
    return reach(user, permission).everywhere


def may_somewhere(user: Viewer, permission: str) -> bool:
    """Whether it holds it for anything at all."""
    return bool(reach(user, permission))


def may_on(user: Viewer, permission: str, thing: Model | None) -> bool:
    """Whether it holds it for this thing. None: for what has no place yet, everything is needed."""
    return reach(user, permission).covers(*place_of(thing))
