"""Giving a role and taking it away, of whatever kind it is held by."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db import transaction

from audit.actor import Actor
from siteflow.people import acts
from siteflow.people.guards import AccountError, keep_a_manager
from sites import granting
from sites.granting import Thing
from sites.models import Grant


def role_named(name: str) -> Group:
    """Raises AccountError."""
    found = granting.roles().filter(name=name).first()
    if found is None:
        known = ", ".join(role.name for role in granting.roles())
        raise AccountError(f"There is no role {name!r}. Choose one of {known}.", field="role")
    return found


@transaction.atomic
def take_away(grant: Grant, *, actor: Actor) -> None:
    """Raises LastManager."""
    granting.take_away(grant, actor=actor)
    keep_a_manager()


@transaction.atomic
def take(role: Group, *, of: User | Group, on: Thing | None, actor: Actor) -> None:
    """The role that was given for exactly this; for everything (None), its membership as well.

    Raises AccountError when it is not held there, LastManager.
    """
    holder = {"user": of} if isinstance(of, User) else {"group": of}
    place = {"host": None, "site": None, "tag": None}
    if on is not None:
        place[on._meta.model_name or ""] = on  # type: ignore[assignment]
    found = list(Grant.objects.filter(role=role, **holder, **place))
    member = on is None and isinstance(of, User) and of.groups.filter(pk=role.pk).exists()
    if not found and not member:
        raise AccountError(f"{of} does not hold {role} there.", field="role")
    for grant in found:
        granting.take_away(grant, actor=actor)
    if member and isinstance(of, User):
        acts.leave(role, of, actor=actor)
    keep_a_manager()
