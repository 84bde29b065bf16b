"""From roles to rights: the login backend that knows who holds what, and for which hosts and sites.

A role held everywhere comes from Django's own groups or from a grant for everything. A grant for a
host covers all that is on it; for a site, the site and its containers; for a tag, the hosts and
sites that carry it. What concerns more than hosts and sites is never held by such a grant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q

from audit.reach import EVERYWHERE, NOWHERE, Reach
from sites.models import Grant, Host, Site
from sites.rights import Viewer

# What of a role counts on single hosts and sites, and what a token must be allowed to for each.
SCOPES: Final[dict[str, frozenset[str]]] = {
    "read": frozenset(
        {
            "sites.view_host",
            "sites.view_site",
            "sites.view_container",
            "provisioning.view_operation",
        }
    ),
    "operate": frozenset(
        {
            "sites.operate_container",
            "sites.operate_host",
            "sites.operate_site",
            "provisioning.cancel_operation",
        }
    ),
    "manage": frozenset(
        {
            "sites.remove_container",
            "sites.manage_host",
            "sites.manage_site",
            "sites.reveal_site",
            "sites.manage_tag",
            "provisioning.manage_sitetemplate",
            "monitoring.manage_rule",
            "monitoring.manage_channel",
        }
    ),
    # Not "operate": what a terminal can do has no limit that a scope could name.
    "terminal": frozenset(
        {"sites.exec_container", "sites.open_terminal", "sites.replay_terminal"}
    ),
    "audit": frozenset(
        {"audit.view_entry", "audit.cleanup_entry", "audit.verify_entry", "audit.export_entry"}
    ),
    "accounts": frozenset(
        {
            "sites.manage_grant",
            *(f"auth.{verb}_{kind}" for verb in ("add", "change", "delete", "view")
              for kind in ("user", "group")),
        }
    ),
}  # fmt: skip
_EVERYWHERE_ONLY: Final = SCOPES["accounts"] | {
    "provisioning.manage_sitetemplate",
    "monitoring.manage_rule",
    "monitoring.manage_channel",
    "sites.manage_tag",
    "audit.cleanup_entry",
    "audit.verify_entry",
    "audit.export_entry",
}
_ON_PARTS: Final = frozenset().union(*SCOPES.values()) - _EVERYWHERE_ONLY
SCOPE_OF: Final = {one: scope for scope, several in SCOPES.items() for one in several}

# A role's key and name, the key of the grant if one gave it, and where it holds.
Given = tuple[int, str, int | None, Reach]


class RoleBackend(ModelBackend):
    """Decides on rights; logging in is for other backends."""

    def authenticate(self, request: Any, *args: Any, **credentials: Any) -> None:
        return None

    def reach(self, user: Viewer, permission: str) -> Reach:
        """Where this account holds the permission; a token narrows it to its scopes."""
        if not isinstance(user, User) or not user.is_active:
            return NOWHERE
        scopes: frozenset[str] | None = getattr(user, "scopes", None)
        if scopes is not None and SCOPE_OF.get(permission) not in scopes:
            return NOWHERE
        if user.is_superuser:
            return EVERYWHERE
        return self._held(user).get(permission, NOWHERE)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """For Django's own pages: what is held everywhere."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        return {name for name, found in self._held(user_obj).items() if found.everywhere}

    def _held(self, user: User) -> dict[str, Reach]:
        """Read once for each object of an account, that is, for each request."""
        if not hasattr(user, "_held"):
            user._held = held_by(user)  # type: ignore[attr-defined]
        found: dict[str, Reach] = user._held  # type: ignore[attr-defined]
        return found


@dataclass(frozen=True, slots=True)
class Holding:
    """One permission of an account, how far it reaches, and what it comes from.

    ``role`` is empty for one that the account holds itself; ``grant`` is the row that gave the
    role, None for a role the account is a member of.
    """

    permission: str
    reach: Reach
    role: str = ""
    grant: int | None = None


def held_by(user: User) -> dict[str, Reach]:
    """All permissions of an account and where it holds each."""
    found: defaultdict[str, list[Reach]] = defaultdict(list)
    for one in holdings(user):
        found[one.permission].append(one.reach)
    return {permission: Reach.union(several) for permission, several in found.items()}


def holdings(user: User) -> Iterator[Holding]:
    """Why an account holds what it holds; whether it is disabled plays no part here."""
    own = Permission.objects.filter(user=user).order_by()
    for app, name in own.values_list("content_type__app_label", "codename"):
        yield Holding(f"{app}.{name}", EVERYWHERE)
    given = [*_memberships(user), *_grants(user)]
    permissions = _permissions({role for role, *_ in given})
    for role, name, grant, reach in given:
        for permission in permissions[role]:
            if reach.everywhere or permission in _ON_PARTS:
                yield Holding(permission, reach, name, grant)


def _permissions(roles: set[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {role: [] for role in roles}
    rows = Permission.objects.filter(group__in=roles).order_by()
    for role, app, name in rows.values_list("group", "content_type__app_label", "codename"):
        found[role].append(f"{app}.{name}")
    return found


def _memberships(user: User) -> Iterator[Given]:
    for role, name in Group.objects.filter(user=user).order_by().values_list("pk", "name"):
        yield role, name, None, EVERYWHERE


def _grants(user: User) -> Iterator[Given]:
    """The roles given to the account, or to a group of its, and for what."""
    rows = Grant.objects.filter(Q(user=user) | Q(group__user=user)).order_by()
    columns = ("role", "role__name", "pk", "host", "site", "site__host", "tag")
    grants = list(rows.values_list(*columns))
    tagged = _tagged({tag for *_, tag in grants if tag})
    for role, name, grant, host, site, near, tag in grants:
        yield role, name, grant, tagged[tag] if tag else _reach(host, site, near)


def _reach(host: int | None, site: int | None, near: int | None) -> Reach:
    if host is not None:
        return Reach(hosts=frozenset({host}))
    if site is not None:
        return Reach(sites=frozenset({site}), near=frozenset({near} if near else ()))
    return EVERYWHERE


def _tagged(tags: set[int]) -> dict[int, Reach]:
    """The hosts and sites that carry each of these tags."""
    found: dict[int, list[Reach]] = {tag: [] for tag in tags}
    if tags:
        for tag, host in Host.tags.through.objects.filter(tag__in=tags).values_list("tag", "host"):
            found[tag].append(Reach(hosts=frozenset({host})))
        rows = Site.objects.filter(tags__in=tags).values_list("tags", "pk", "host_id")
        for tag, site, near in rows:
            found[tag].append(Reach(sites=frozenset({site}), near=frozenset({near})))
    return {tag: Reach.union(several) for tag, several in found.items()}
