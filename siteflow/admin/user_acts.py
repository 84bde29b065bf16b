"""The buttons on an account's page: each is one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.urls import reverse

from audit.actor import Actor
from siteflow.accounts import tokens
from siteflow.accounts.models import ApiToken, Login
from siteflow.admin.on_record import on_record
from siteflow.people import acts, giving
from siteflow.people.guards import AccountError
from siteflow.people.places import place_named
from sites import granting
from sites.granting import GrantError
from sites.models import Grant
from sites.rights import may

Run = Callable[[HttpRequest, Any, Actor], str]
_GIVE: Final = "sites.manage_grant"


class NotAllowed(AccountError):
    code, status = "forbidden", 403


@dataclass(frozen=True)
class Act:
    """``run`` returns the sentence that is shown after it."""

    run: Run
    permission: str = "auth.change_user"


def do(request: HttpRequest, user: User, what: str, *, allowed: bool) -> HttpResponse:
    """``allowed``: whether this account is within reach of whoever asks. Refusals are on record."""
    page = reverse("admin:auth_user_change", args=[user.pk])
    return act_on(request, user, what, ACTS.get(what), allowed=allowed, back=page)


def act_on(
    request: HttpRequest, obj: Any, what: str, act: Act | None, *, allowed: bool, back: str
) -> HttpResponse:
    if act is None:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not allowed or not may(request.user, act.permission):
        message = f"{request.user.get_username()} may not change {obj}."
        on_record(request, obj, what, error=NotAllowed(message))
        raise PermissionDenied
    try:
        done = act.run(request, obj, Actor.of_request(request, "console"))
    except (AccountError, GrantError) as error:
        on_record(request, obj, what, error=error)
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return HttpResponseRedirect(back)


def _disable(request: HttpRequest, user: User, actor: Actor) -> str:
    acts.disable(user, actor=actor)
    return f"{user} is disabled. All its logins and tokens are ended."


def _enable(request: HttpRequest, user: User, actor: Actor) -> str:
    acts.enable(user, actor=actor)
    return f"{user} may log in again."


def _require_new_password(request: HttpRequest, user: User, actor: Actor) -> str:
    acts.require_new_password(user, actor=actor)
    return f"{user} must choose a new password before anything else."


def _remove_second_factor(request: HttpRequest, user: User, actor: Actor) -> str:
    acts.remove_second_factor(user, actor=actor, confirm_name=request.POST.get("confirm", ""))
    return f"{user} logs in without a second factor from now on."


def _end_login(request: HttpRequest, user: User, actor: Actor) -> str:
    try:
        key = UUID(request.POST.get("login", ""))
    except ValueError:
        raise Http404 from None
    acts.end_login(get_object_or_404(Login, pk=key, user=user, ended_at=None), actor=actor)
    return "That login is ended."


def _end_logins(request: HttpRequest, user: User, actor: Actor) -> str:
    ended = acts.end_logins(user, actor=actor)
    return f"{ended} login{'' if ended == 1 else 's'} ended."


def _revoke_token(request: HttpRequest, user: User, actor: Actor) -> str:
    token = _posted(request, "token", ApiToken.objects.filter(user=user, revoked_at=None))
    tokens.revoke(token, actor=actor)
    return f"The token {token.name} is revoked."


def give(request: HttpRequest, holder: User | Group, actor: Actor) -> str:
    role = giving.role_named(request.POST.get("role", ""))
    place = place_named(request.POST.get("on", ""), to=request.user)
    grant = granting.give(role, to=holder, on=place, actor=actor)
    return f"{holder} holds {role} on {grant.place}."


def take_away(request: HttpRequest, holder: User | Group, actor: Actor) -> str:
    own = {"user": holder} if isinstance(holder, User) else {"group": holder}
    grant = _posted(request, "grant", Grant.objects.filter(**own))
    giving.take_away(grant, actor=actor)
    return f"{holder} no longer holds {grant.role} on {grant.place} by this grant."


def _leave(request: HttpRequest, user: User, actor: Actor) -> str:
    group = _posted(request, "group", user.groups.all())
    acts.leave(group, user, actor=actor)
    return f"{user} is no longer in {group}."


def _posted(request: HttpRequest, name: str, rows: QuerySet[Any]) -> Any:
    """The row whose key the form sent."""
    key = request.POST.get(name, "")
    if not key.isdecimal() or len(key) > 18:
        raise Http404
    return get_object_or_404(rows, pk=int(key))


ACTS: Final = {
    "disable": Act(_disable),
    "enable": Act(_enable),
    "require-new-password": Act(_require_new_password),
    "remove-second-factor": Act(_remove_second_factor),
    "end-login": Act(_end_login),
    "end-logins": Act(_end_logins),
    "revoke-token": Act(_revoke_token),
    "give": Act(give, _GIVE),
    "take-away": Act(take_away, _GIVE),
    "leave": Act(_leave, _GIVE),
}
