"""Who may: the one question every queryset and every verb asks."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User

Viewer = User | AnonymousUser


def may(user: Viewer, permission: str) -> bool:
    """Whether an account holds a permission; anonymous and disabled accounts hold none."""
    return user.is_active and user.has_perm(permission)
