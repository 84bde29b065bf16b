"""The page of one role or group: what it allows, who holds it where, who is in it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from audit.actor import Actor
from siteflow.admin.user_acts import Act, give, take_away
from siteflow.people import acts
from siteflow.people.answers import permission_words
from siteflow.people.guards import BUILT_IN, AccountError, within_reach
from siteflow.people.places import suggestions
from sites import granting
from sites.admin.reading import entries_of
from sites.models import Grant
from sites.rights import may_somewhere
from sites.roles import SCOPE_OF, SCOPES

PER_PAGE = 50


def group_page(request: HttpRequest, group: Any, frame: dict[str, Any]) -> TemplateResponse:
    members = Paginator(group.user_set.order_by("username"), PER_PAGE)
    changes = frame["may_change"]
    context = {
        **frame,
        "row": group,
        "title": group.name,
        "built_in": group.name in BUILT_IN,
        "allows": allows(group),
        "members": members.get_page(request.GET.get("p")),
        "given": _told(Grant.objects.filter(role=group))[:500],
        "holds": _told(Grant.objects.filter(group=group)),
        "roles": granting.roles().exclude(pk=group.pk) if changes else (),
        "places": suggestions(request.user) if changes else (),
        "people": User.objects.order_by("username")[:1000] if changes else (),
    }
    if may_somewhere(request.user, "audit.view_entry"):
        context["entries"] = entries_of(request, "group", group.pk)[:10]
    return TemplateResponse(request, "people/group.html", context)


def allows(group: Group) -> list[tuple[str, list[str]]]:
    """A role's permissions in words, by the scope that a token needs for them."""
    rows = group.permissions.values_list("content_type__app_label", "codename")
    held = {f"{app}.{code}" for app, code in rows}
    words = permission_words()
    told = [(scope, sorted(words[one] for one in held & own)) for scope, own in SCOPES.items()]
    rest = sorted(words[one] for one in held if one not in SCOPE_OF)
    return [(scope, texts) for scope, texts in (*told, ("no token", rest)) if texts]


def _told(rows: QuerySet[Grant]) -> QuerySet[Grant]:
    return rows.select_related("role", "user", "group", "host", "site__host", "tag")


def _add_member(request: HttpRequest, group: Group, actor: Actor) -> str:
    user = _member(request)
    acts.join(group, user, actor=actor)
    return f"{user} is in {group}."


def _remove_member(request: HttpRequest, group: Group, actor: Actor) -> str:
    user = _member(request)
    acts.leave(group, user, actor=actor)
    return f"{user} is no longer in {group}."


def _member(request: HttpRequest) -> User:
    name = request.POST.get("user", "").strip()
    user = User.objects.filter(username=name).first()
    if user is None:
        raise AccountError(f"There is no account {name!r}.", field="user")
    if not within_reach(request.user, user):
        raise AccountError(f"Only a superuser changes {user}, who is one.", field="user")
    return user


_GIVE: Final = "sites.manage_grant"
GROUP_ACTS: Final = {
    "give": Act(give, _GIVE),
    "take-away": Act(take_away, _GIVE),
    "add-member": Act(_add_member, _GIVE),
    "remove-member": Act(_remove_member, _GIVE),
}
