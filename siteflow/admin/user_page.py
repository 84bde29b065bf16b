"""What the page of one account shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from siteflow.accounts.holds import hold_of, must_change_password, needs_second_factor
from siteflow.accounts.models import ApiToken, Login
from siteflow.people.places import suggestions
from sites import granting
from sites.admin.reading import entries_of
from sites.models import Grant
from sites.rights import may, may_somewhere


@dataclass(frozen=True)
class Held:
    """One role and where it is held; with the keys that take it away."""

    role: str
    place: str
    through: str
    by: str = ""
    at: Any = None
    grant: int | None = None
    group: int | None = None


def user_page(request: HttpRequest, user: User, frame: dict[str, Any]) -> TemplateResponse:
    now = timezone.now()
    gives = frame["may_change"] and may(request.user, "sites.manage_grant")
    context = {
        **frame,
        "row": user,
        "title": user.get_username(),
        "own": user.pk == request.user.pk,
        "hold": hold_of(user),
        "must_change": must_change_password(user),
        "factor_needed": needs_second_factor(user),
        "factors": list(Authenticator.objects.filter(user=user).order_by("type", "pk")),
        "held": held_by_account(user),
        "may_give": gives,
        "roles": granting.roles() if gives else (),
        "places": suggestions(request.user) if gives else (),
        "logins": Login.objects.filter(user=user).open(now=now),
        "tokens_listed": ApiToken.objects.filter(user=user).valid(now=now),
        "may_delete": frame["may_change"] and may(request.user, "auth.delete_user"),
    }
    if may_somewhere(request.user, "audit.view_entry"):
        context["entries"] = entries_of(request, "user", user.pk)[:10]
    return TemplateResponse(request, "people/user.html", context)


def held_by_account(user: User) -> list[Held]:
    """Memberships first, then what was given to it and to its groups."""
    found = [Held(group.name, "everything", "member", group=group.pk) for group in _roles(user)]
    found += [
        Held("", "", f"member of {group.name}", group=group.pk)
        for group in user.groups.filter(permissions=None).order_by("name")
    ]
    rows = Grant.objects.filter(Q(user=user) | Q(group__user=user)).order_by("pk")
    rows = rows.select_related("role", "group", "host", "site__host", "tag")
    return found + [_held(grant) for grant in rows]


def _roles(user: User) -> Any:
    return user.groups.filter(permissions__isnull=False).distinct().order_by("name")


def _held(grant: Grant) -> Held:
    key = grant.pk if grant.group is None else None
    through = f"group {grant.group}" if grant.group else f"grant {grant.pk}"
    return Held(grant.role.name, grant.place, through, grant.created_by, grant.created_at, key)
