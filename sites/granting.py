"""Giving a role and taking it away, on record: the one way for console and command."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.record import Actor, record
from sites.models import Grant, Host, Site, Tag

ROLES = ("viewer", "operator", "admin")
Thing = Host | Site | Tag


class GrantError(Exception):
    code, status = "invalid", 422

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


def roles() -> QuerySet[Group]:
    """The groups that are roles: those that hold permissions."""
    return Group.objects.filter(permissions__isnull=False).distinct().order_by("name")


def give(role: Group, *, to: User | Group, on: Thing | None, actor: Actor) -> Grant:
    """A role for everything (None), a host, a site or a tag. Raises GrantError when it is there."""
    if role == to:
        raise GrantError(f"{role.name} is that role itself.", field="group")
    if not role.permissions.exists():
        raise GrantError(f"{role.name} holds no permissions: it is no role.", field="role")
    grant = Grant(role=role, created_by=actor.name[:150], **_to(to), **_on(on))
    try:
        with transaction.atomic():
            grant.save()
            _on_record("grant.add", grant, actor)
    except IntegrityError:
        raise GrantError(f"{to} holds {role.name} there already.", field="role") from None
    return grant


@transaction.atomic
def take_away(grant: Grant, *, actor: Actor) -> None:
    _on_record("grant.remove", grant, actor)
    grant.delete()


def _to(holder: User | Group) -> dict[str, User | Group]:
    return {"user" if isinstance(holder, User) else "group": holder}


def _on(thing: Thing | None) -> dict[str, Thing]:
    return {thing._meta.model_name or "": thing} if thing is not None else {}


def _on_record(action: str, grant: Grant, actor: Actor) -> None:
    holder = grant.user or grant.group
    record(
        phase="event",
        action=action,
        status="succeeded",
        actor=actor,
        target_type="user" if grant.user else "group",
        target_id=holder.pk if holder else "",
        target_name=str(holder),
        after={"role": grant.role.name, "for": grant.place},
    )
